package io.moe4j.comm.minimalasyncep;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.moe4j.api.device.CpuLaunch;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.reflect.Proxy;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

/** Tests the two kernels separately: what is written where before the copies are made, which no exchange shows. */
class OnceKernelsTest {
    private static final int ROWS = 12;
    private static final int UNTOUCHED = 0x5a5a5a5a;

    private final Arena arena = Arena.ofAuto();

    /** The example of the class: a token's slots have the places 5, 2 and 9 of the far rank 1; a fourth slot has place 7 of this rank. */
    @Test
    void aRowCrossesOnceAndItsChainLeadsToTheOtherPlaces() {
        Peers peers = dispatch(new int[] {77}, new int[] {0, 1}, new float[] {1, 2, 3, 4}, Destination.of(1, 5),
                Destination.of(0, 7), Destination.of(1, 2), Destination.of(1, 9));
        assertArrayEquals(rows(5, 77), peers.rows(1));
        assertArrayEquals(rows(7, 77), peers.rows(0));
        assertArrayEquals(rows(5, 3, 2, ~10, 9, ~0), peers.chain(1));
        assertArrayEquals(rows(7, 0), peers.chain(0));
        assertEquals(3f, peers.weight(1, 2));
        assertEquals(2f, peers.weight(0, 7));

        peers.spread(1, 10);
        assertArrayEquals(rows(5, 77, 2, 77, 9, 77), peers.rows(1));
    }

    /** To a rank on the same device, each copy is sent separately. Dropped rows are in no chain. */
    @Test
    void nearRowsAndDroppedOnes() {
        Peers near = dispatch(new int[] {8}, new int[] {0, 0}, new float[3], Destination.of(1, 0), Destination.of(1, 3),
                Destination.of(1, 1));
        assertArrayEquals(rows(0, 8, 3, 8, 1, 8), near.rows(1));
        assertArrayEquals(rows(0, 0, 3, 0, 1, 0), near.chain(1));

        Peers dropped = dispatch(new int[] {8}, new int[] {0, 1}, new float[4], Destination.DROPPED,
                Destination.of(1, 3), Destination.DROPPED, Destination.of(1, 1));
        assertArrayEquals(rows(3, 8), dropped.rows(1));
        assertArrayEquals(rows(3, 2, 1, ~0), dropped.chain(1));
    }

    /** Chains of rows at or beyond the received ones are ignored, whatever their entries are. */
    @Test
    void onlyReceivedRowsAreSpread() {
        Peers peers = dispatch(new int[] {4, 6}, new int[] {0, 1}, new float[4], Destination.of(1, 0),
                Destination.of(1, 1), Destination.of(1, 8), Destination.of(1, 9));
        peers.spread(1, 2);
        assertArrayEquals(rows(0, 4, 1, 4, 8, 6), peers.rows(1));
    }

    /** Expects all elements untouched, except for the given pairs of an index and a value. */
    private static int[] rows(int... written) {
        int[] all = new int[ROWS];
        Arrays.fill(all, UNTOUCHED);
        for (int i = 0; i < written.length; i += 2) {
            all[written[i]] = written[i + 1];
        }
        return all;
    }

    /** Rows of one element, from rank 0 to two ranks. */
    private Peers dispatch(int[] x, int[] far, float[] weights, long... destinations) {
        Peers peers = new Peers(new MemorySegment[][] {untouched(), untouched()});
        OnceKernels.dispatchRowsOnce(launch(peers.memory, arena.allocateFrom(ValueLayout.JAVA_INT, x),
                arena.allocateFrom(ValueLayout.JAVA_FLOAT, weights),
                arena.allocateFrom(ValueLayout.JAVA_LONG, destinations), (long) x.length,
                destinations.length / x.length, 4L, arena.allocateFrom(ValueLayout.JAVA_INT, far), 0, 1, 2,
                MemorySegment.NULL, MemorySegment.NULL, 1L << 32));
        return peers;
    }

    private MemorySegment[] untouched() {
        MemorySegment[] all = new MemorySegment[3];
        int[] filled = rows();
        Arrays.setAll(all, i -> arena.allocateFrom(ValueLayout.JAVA_INT, filled));
        return all;
    }

    /** The memory of each rank: rows, weights, chain. */
    private final class Peers {
        private final MemorySegment[][] memory;

        Peers(MemorySegment[][] memory) {
            this.memory = memory;
        }

        int[] rows(int rank) {
            return memory[rank][0].toArray(ValueLayout.JAVA_INT);
        }

        int[] chain(int rank) {
            return memory[rank][2].toArray(ValueLayout.JAVA_INT);
        }

        float weight(int rank, int row) {
            return memory[rank][1].getAtIndex(ValueLayout.JAVA_FLOAT, row);
        }

        /** Chains as if all other received rows belonged to tokens with a single place. */
        void spread(int rank, int received) {
            for (int row = 0; row < received; row++) {
                if (chain(rank)[row] == UNTOUCHED) {
                    memory[rank][2].setAtIndex(ValueLayout.JAVA_INT, row, 0);
                }
            }
            OnceKernels.spreadRows(launch(memory, memory[rank][0], memory[rank][2],
                    arena.allocateFrom(ValueLayout.JAVA_INT, received), 4L));
        }
    }

    /** Arguments as the device would pass them: segments as pointers; for a peer table, the number of its memory. */
    private static CpuLaunch launch(MemorySegment[][] peers, Object... arguments) {
        return (CpuLaunch) Proxy.newProxyInstance(CpuLaunch.class.getClassLoader(), new Class<?>[] {CpuLaunch.class},
                (proxy, method, given) -> switch (method.getName()) {
                    case "memory" -> MemorySegment.NULL.reinterpret(Long.MAX_VALUE);
                    case "pointer" -> ((MemorySegment) arguments[(int) given[0]]).address();
                    case "peer" -> peers[(int) given[1]][(int) arguments[(int) given[0]]].address();
                    case "int32", "int64" -> arguments[(int) given[0]];
                    case "parallelFor" -> {
                        ((CpuLaunch.RangeBody) given[2]).run(0, ((Number) given[0]).longValue());
                        yield null;
                    }
                    default -> throw new AssertionError("called " + method);
                });
    }
}
