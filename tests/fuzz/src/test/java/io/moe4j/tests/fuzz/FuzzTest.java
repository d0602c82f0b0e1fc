package io.moe4j.tests.fuzz;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.opentest4j.AssertionFailedError;

/** The report of a fuzzing run. */
class FuzzTest {
    private static final List<byte[]> CORPUS = List.of("{\"a\":[1,2]}".getBytes(StandardCharsets.UTF_8));
    private static final List<String> WORDS = List.of("[", "]");

    @Test
    void theSameSeedGivesTheSameInputs() {
        assertEquals(inputs(7), inputs(7));
        assertTrue(!inputs(7).equals(inputs(8)));
    }

    @Test
    void aReaderThatDoesNotReturnIsNamed() throws InterruptedException {
        CountDownLatch end = new CountDownLatch(1);
        Fuzz fuzz = new Fuzz(42, 100, Duration.ZERO, Duration.ofMillis(50));
        String message = message(fuzz, input -> {
            if (input.length > 20) {
                end.await();
            }
            return true;
        });
        end.countDown();
        assertTrue(message.contains("has not been read after PT0.05S") && message.contains("of seed 42"), message);
    }

    @Test
    void errorsOfTheReaderAreFound() {
        Fuzz fuzz = new Fuzz(42, 100, Duration.ZERO, Duration.ofSeconds(20));
        for (Error error : List.of(new StackOverflowError("planted"), new OutOfMemoryError("planted"),
                new AssertionError("planted"))) {
            String message = message(fuzz, input -> {
                throw error;
            });
            assertTrue(message.contains("input 0 of seed 42") && message.contains("planted"), message);
        }
    }

    @Test
    void aReaderThatAcceptsOrRefusesEverythingIsNoTest() {
        Fuzz fuzz = new Fuzz(42, 100, Duration.ZERO, Duration.ofSeconds(20));
        assertTrue(message(fuzz, input -> true).contains("too many or too few"));
        assertTrue(message(fuzz, input -> false).contains("too many or too few"));
    }

    private static String message(Fuzz fuzz, Fuzz.Reader reader) {
        return String
                .valueOf(assertThrows(AssertionFailedError.class, () -> fuzz.run(CORPUS, WORDS, reader)).getMessage());
    }

    private static List<String> inputs(long seed) {
        List<String> inputs = new ArrayList<>();
        new Fuzz(seed, 200, Duration.ZERO, Duration.ofSeconds(20)).run(CORPUS, WORDS, input -> {
            inputs.add(new String(input, StandardCharsets.ISO_8859_1));
            return inputs.size() % 2 == 0;
        });
        return inputs;
    }
}
