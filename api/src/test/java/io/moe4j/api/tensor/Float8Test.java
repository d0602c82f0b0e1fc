package io.moe4j.api.tensor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class Float8Test {

    @Test
    void everyNumberComesBack() {
        for (int bits = 0; bits < 256; bits++) {
            float number = Float8.widen((byte) bits);
            assertEquals(Float.isNaN(number) ? 0x7F : (byte) bits, Float8.round(number),
                    "0x" + Integer.toHexString(bits) + ", " + number);
        }
    }

    @ParameterizedTest
    @CsvSource({"0x00, 0", "0x01, 0x1p-9", "0x07, 0x1.cp-7", "0x08, 0x1p-6", "0x38, 1", "0x40, 2", "0x77, 240",
            "0x7E, 448", "0xFE, -448"})
    void numbersOfTheSpecification(String bits, String number) {
        assertEquals(Float.parseFloat(number.contains("x") ? number : number + "f"),
                Float8.widen((byte) (int) Integer.decode(bits)));
    }

    @ParameterizedTest
    @CsvSource({"449, 448", "1e30, 448", "Infinity, 448", "-Infinity, -448", "NaN, NaN", "0x1p-10, 0",
            "0x1.8p-10, 0x1p-9",
            "-0.0, -0.0", "17, 16", "19, 20", "0x1.fp-7, 0x1p-6"})
    void theEnds(String given, String expected) {
        assertEquals(Float.parseFloat(expected), Float8.widen(Float8.round(Float.parseFloat(given))));
    }

    /** Compares with the nearest of all 256 numbers, found by search. */
    @Test
    void theNearestAndTiesToEven() {
        TreeMap<Double, Integer> numbers = new TreeMap<>();
        for (int bits = 0; bits < 0x7F; bits++) {
            numbers.put((double) Float8.widen((byte) bits), bits);
        }
        Random random = new Random(8);
        for (int i = 0; i < 200_000; i++) {
            int of = random.nextInt(0x7E);
            double low = Float8.widen((byte) of);
            double high = Float8.widen((byte) (of + 1));
            float given = i % 3 == 0 ? (float) ((low + high) / 2) : (float) random.nextDouble(low, high);
            double below = numbers.floorKey((double) given);
            double above = numbers.ceilingKey((double) given);
            boolean down = given - below < above - given
                    || (given - below == above - given && numbers.get(below) % 2 == 0);
            assertEquals(down ? below : above, Float8.widen(Float8.round(given)), "of " + given);
            assertEquals(down ? -below : -above, Float8.widen(Float8.round(-given)), "of " + -given);
        }
        assertTrue(numbers.size() == 127, "numbers that are not negative");
    }
}
