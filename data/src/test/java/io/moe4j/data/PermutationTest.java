package io.moe4j.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.BitSet;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

class PermutationTest {

    @Test
    void everyNumberComesOnce() {
        for (int size = 1; size < 1100; size++) {
            Permutation order = new Permutation(size, 7L * size);
            BitSet seen = new BitSet(size);
            for (int place = 0; place < size; place++) {
                long number = order.at(place);
                assertTrue(number >= 0 && number < size, "number " + number + " of " + size);
                seen.set((int) number);
            }
            assertEquals(size, seen.cardinality(), "numbers of an order of " + size);
        }
    }

    /** Of 2^40 numbers, 100,000 places have 100,000 numbers, all over. */
    @Test
    void largeOrders() {
        long size = 1L << 40;
        Permutation order = new Permutation(size, 1);
        long[] found = LongStream.range(0, 100_000).map(order::at).distinct().toArray();
        assertEquals(100_000, found.length);
        int[] tenths = new int[10];
        for (long number : found) {
            tenths[(int) (number * 10 / size)]++;
        }
        // 10,000 are expected in each, with a standard deviation of 95: six of these.
        for (int tenth : tenths) {
            assertTrue(Math.abs(tenth - 10_000) < 570, "numbers in a tenth: " + tenth);
        }
    }

    /** Over 20,000 keys, each of the 6 orders of 3 numbers comes as often as the others: 3,333 times, with a standard deviation of 53. */
    @Test
    void allOrdersAreEquallyLikely() {
        int[] counts = new int[27];
        for (int key = 0; key < 20_000; key++) {
            Permutation order = new Permutation(3, Permutation.mix(key));
            counts[(int) (order.at(0) * 9 + order.at(1) * 3 + order.at(2))]++;
        }
        for (int index : new int[] {5, 7, 11, 15, 19, 21}) {
            assertTrue(Math.abs(counts[index] - 3_333) < 320,
                    "order " + Integer.toString(index, 3) + ": " + counts[index]);
        }
    }

    @Test
    void keysGiveOtherOrders() {
        assertNotEquals(new Permutation(1L << 50, 1).at(0), new Permutation(1L << 50, 2).at(0));
        assertThrows(IndexOutOfBoundsException.class, () -> new Permutation(5, 1).at(5));
        assertThrows(IllegalArgumentException.class, () -> new Permutation(0, 1));
    }
}
