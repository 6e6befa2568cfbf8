"""Access requests: noted and acknowledged, and forgotten when they are answered."""

from shared.access_requests import answering

from service_desk.access_requests.store import SECTIONS
from service_desk.erasures.consumers import consumer as privacy

consumer = answering(privacy, SECTIONS)
