package io.moe4j.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import java.util.Optional;
import org.junit.jupiter.api.Test;

class PackingTest {
    private static final int E = 99;
    private static final int[] WINDOW = {5 | MarkedToken.FIRST, 6, E, 7 | MarkedToken.FIRST, 8, 9, E};

    @Test
    void labelsFollowIds() {
        SequenceBatch batch = put(Packing.JOINED, WINDOW);
        assertArrayEquals(new int[] {5, 6, E, 7, 8, 9}, batch.ids_T());
        assertArrayEquals(new int[] {6, E, 7, 8, 9, E}, batch.labels_T());
    }

    @Test
    void boundariesHaveStartsAndNoLabelBetweenDocuments() {
        SequenceBatch batch = put(new Packing(true, false), WINDOW);
        assertArrayEquals(new int[] {6, E, -100, 8, 9, E}, batch.labels_T());
        assertArrayEquals(new int[] {0, 0, 0, 3, 3, 3}, batch.starts_T().orElseThrow());
    }

    @Test
    void promptsAndPaddingAreNotLearned() {
        int[] window = {1 | MarkedToken.FIRST | MarkedToken.NOT_LEARNED, 2 | MarkedToken.NOT_LEARNED, 3, E,
                E | MarkedToken.FIRST | MarkedToken.PADDING, E | MarkedToken.PADDING};
        assertArrayEquals(new int[] {-100, 3, E, E, E}, put(Packing.JOINED, window).labels_T());
        assertArrayEquals(new int[] {-100, 3, E, -100, -100}, put(new Packing(false, true), window).labels_T());
    }

    private static SequenceBatch put(Packing packing, int[] window) {
        int length = window.length - 1;
        SequenceBatch batch = new SequenceBatch(new int[length], new int[length],
                packing.documentBoundaries() ? Optional.of(new int[length]) : Optional.empty());
        packing.put(window, batch, 0);
        return batch;
    }
}
