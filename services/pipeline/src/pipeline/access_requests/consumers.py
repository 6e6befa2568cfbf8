"""Access requests: noted and acknowledged, and forgotten when they are answered."""

from shared.access_requests import answering

from pipeline.access_requests.store import SECTIONS
from pipeline.erasures.consumers import consumer as privacy

consumer = answering(privacy, SECTIONS)
