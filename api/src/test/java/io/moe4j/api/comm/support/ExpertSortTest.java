package io.moe4j.api.comm.support;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.api.device.DeviceException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Random;
import org.junit.jupiter.api.Test;

final class ExpertSortTest {
    private static final int E = 4;

    private final Arena arena = Arena.ofAuto();
    private final MemorySegment memory = MemorySegment.NULL.reinterpret(Long.MAX_VALUE);

    @Test
    void theExample() {
        int[] ids_N = {0, 2, 1, 0};
        assertArrayEquals(new int[] {2, 1, 1, 0}, counts(ids_N));
        assertArrayEquals(new long[] {0, 0, 0, 1}, indexes(ids_N));
    }

    @Test
    void countsBecomeRunningSums() {
        MemorySegment counts_BE = arena.allocateFrom(JAVA_INT, 1, 0, 1, 0, 1, 1, 0, 0);
        assertArrayEquals(new int[] {2, 1, 1, 0}, ExpertSort.sumBlocks(memory, counts_BE.address(), 2, E));
        assertArrayEquals(new int[] {0, 0, 0, 0, 1, 0, 1, 0}, counts_BE.toArray(JAVA_INT));
    }

    @Test
    void indexesGoOnFromBlockToBlock() {
        Random random = new Random(1);
        for (int n : new int[] {0, 1, ExpertSort.BLOCK_ROWS, ExpertSort.BLOCK_ROWS + 1, 3000}) {
            // Expert 2 has no rows.
            int[] ids_N = random.ints(n, 0, E - 1).map(id -> id == 2 ? 3 : id).toArray();
            int[] next_E = new int[E];
            long[] wanted = new long[n];
            for (int row = 0; row < n; row++) {
                wanted[row] = next_E[ids_N[row]]++;
            }
            assertArrayEquals(wanted, indexes(ids_N), () -> n + " rows");
        }
    }

    @Test
    void anIdThatIsNoExpertIsNamed() {
        for (int id : new int[] {-1, E}) {
            DeviceException failure = assertThrows(DeviceException.class, () -> counts(new int[] {0, id}));
            assertTrue(failure.getMessage().contains("row 1 asks for expert " + id + " of 4"), failure::getMessage);
        }
    }

    private int[] counts(int... ids_N) {
        MemorySegment counts_BE = arena.allocate(JAVA_INT, blocks(ids_N) * E);
        ExpertSort.countRows(new Arguments(memory, address(ids_N), (long) ids_N.length, E, counts_BE.address()));
        return counts_BE.toArray(JAVA_INT);
    }

    /** All three steps. */
    private long[] indexes(int... ids_N) {
        int blocks = (int) blocks(ids_N);
        MemorySegment before_BE = arena.allocateFrom(JAVA_INT, counts(ids_N));
        ExpertSort.sumBlocks(memory, before_BE.address(), blocks, E);
        MemorySegment places_N = arena.allocate(JAVA_LONG, ids_N.length);
        ExpertSort.placeRows(new Arguments(memory), address(ids_N), ids_N.length, E, before_BE.address(),
                places_N.address(), (expert, index) -> index);
        return places_N.toArray(JAVA_LONG);
    }

    private long address(int... ids_N) {
        return arena.allocateFrom(JAVA_INT, ids_N).address();
    }

    private static long blocks(int... ids_N) {
        return Math.ceilDiv(ids_N.length, ExpertSort.BLOCK_ROWS);
    }
}
