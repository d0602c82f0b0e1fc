// The part of the arrival order that one launch moves: the rows whose place lies in [round * capacity, (round + 1) * capacity). The Java twin is Window.
// Every kernel that moves rows takes (const int* rounds, const int* round, long long capacity): `rounds` is null for one round, `round` is null for the first.
// Example: capacity 4, 3 rounds: a row with place 9 is row 1 of the buffer in round 2, and is in no other round.
#pragma once

static constexpr long long ROW_MASK = (1ll << 40) - 1;
static constexpr int RANK_SHIFT = 40;

struct Window {
    int rounds, round;
    long long first, capacity;

    __device__ __forceinline__ Window(const int* rounds, const int* round, long long capacity)
        : rounds(rounds ? *rounds : 1), round(round ? *round : 0), first(this->round * capacity), capacity(capacity) {}

    // Whether all rounds were made before this one, so that it has no rows on any rank.
    __device__ __forceinline__ bool empty() const { return round >= rounds; }
    __device__ __forceinline__ bool last() const { return round == rounds - 1; }
    // Where the row of a destination lies in the receive buffer of its rank; -1 if it is not in this window, or dropped.
    __device__ __forceinline__ long long row(long long destination) const {
        long long row = (destination & ROW_MASK) - first;
        return destination >= 0 && row >= 0 && row < capacity ? row : -1;
    }
};
