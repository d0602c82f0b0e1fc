package io.moe4j.comm.minimalasyncep;

import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;

import io.moe4j.api.device.CpuLaunch;

/**
 * The part of the arrival order that one launch moves: the rows whose place lies in [round · C, (round + 1) · C). All kernels that move rows take three
 * arguments for it, one after the other: I32 rounds_1, or absent for one round; I32 round_1, or absent for the first; I64 C. The CUDA twin is
 * {@code window.cuh}.
 *
 * <p>Example: C = 4, rounds 3. A row with place 9 is row 1 of the buffer in round 2, and is in no other round.
 *
 * @param rounds how many rounds the plan needs
 * @param round the round that the launch belongs to; {@code rounds} or more if nothing is left to move
 * @param capacity C
 */
record Window(int rounds, int round, long capacity) {

    /** Reads the three arguments from argument {@code at} on. */
    static Window of(CpuLaunch launch, int at) {
        return new Window(value(launch, at, 1), value(launch, at + 1, 0), launch.int64(at + 2));
    }

    private static int value(CpuLaunch launch, int at, int otherwise) {
        return launch.pointer(at) == 0 ? otherwise : launch.memory().get(JAVA_INT_UNALIGNED, launch.pointer(at));
    }

    boolean isEmpty() {
        return round >= rounds;
    }

    boolean isLast() {
        return round == rounds - 1;
    }

    /** Where the row of a destination lies in the receive buffer of its rank, or {@link Destination#DROPPED} if it is not in this window. */
    long row(long destination) {
        long row = Destination.row(destination) - round * capacity;
        return destination != Destination.DROPPED && row >= 0 && row < capacity ? row : Destination.DROPPED;
    }

    /** The same destination with the row in the receive buffer, or {@link Destination#DROPPED} if it is not in this window. */
    long inBuffer(long destination) {
        long row = row(destination);
        return row == Destination.DROPPED ? Destination.DROPPED : Destination.of(Destination.rank(destination), row);
    }
}
