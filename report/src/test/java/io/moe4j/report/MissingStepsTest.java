package io.moe4j.report;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Optional;
import java.util.stream.LongStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class MissingStepsTest {
    @ParameterizedTest
    @CsvSource(quoteCharacter = '"', value = {
            "1, ",
            "1 2 3 4, ",
            // A run that goes on in a folder of its own begins where the other ended.
            "41 42 43, ",
            "1 2 4, 1 step between 1 and 4 is missing in metrics.jsonl: 3",
            "7 8 11 12 13 15, \"3 steps between 7 and 15 are missing in metrics.jsonl: 9 to 10, 14\"",
            "1 3 5 7 9 100, \"94 steps between 1 and 100 are missing in metrics.jsonl: 2, 4, 6 and 2 more gaps\"",
            // Lines of a step that is made again, as earlier builds left them, are no gap.
            "1 2 3 2 3 4, ",
            "9007199254740990 9007199254740992,"
                    + "1 step between 9007199254740990 and 9007199254740992 is missing in metrics.jsonl: 9007199254740991"})
    void gapsAreNamed(String numbers, String note) {
        Column steps = new Column();
        for (String number : numbers.split(" ")) {
            steps.add(Double.parseDouble(number));
        }
        assertEquals(Optional.ofNullable(note), MissingSteps.note(steps));
    }

    @ParameterizedTest
    @CsvSource({"1, 0", "256, 300", "1000000, 1000300"})
    void longRunsWithoutGapsSayNothing(long first, long last) {
        Column steps = new Column();
        LongStream.rangeClosed(first, last).forEach(steps::add);
        assertEquals(Optional.empty(), MissingSteps.note(steps));
    }
}
