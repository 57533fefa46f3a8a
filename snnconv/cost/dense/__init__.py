"""Counting the dense operations of a network, by the conventions that papers use."""

from .conventions import CONVENTIONS as CONVENTIONS
from .conventions import Convention as Convention
from .counter import Count as Count
from .counter import count as count
