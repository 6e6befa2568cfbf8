"""Where keys belong: every record of a key is where every other client would have put it."""

from aiokafka.partitioner import murmur2 as library_murmur2
from hypothesis import given
from hypothesis import strategies as st
from shared.messaging.partitions import murmur2, partition_of


@given(st.binary(max_size=64))
def test_a_key_is_hashed_as_the_library_hashes_it(key: bytes) -> None:
    assert murmur2(key) == library_murmur2(key)


def test_a_key_has_the_partition_that_javas_client_gives_it() -> None:
    """The hashes are those of Kafka's own UtilsTest."""
    assert murmur2(b"21") == 2**32 - 973932308
    assert murmur2(b"foobar") == 2**32 - 790332482
    assert murmur2(b"a-little-bit-long-string") == 2**32 - 985981536
    assert partition_of(b"21", 12) == ((2**32 - 973932308) & 0x7FFFFFFF) % 12
