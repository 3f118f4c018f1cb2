"""RELIABILITY T1-T12: real processes, killed, frozen, and left without their servers."""
