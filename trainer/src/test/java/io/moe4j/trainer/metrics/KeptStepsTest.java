package io.moe4j.trainer.metrics;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import io.moe4j.trainer.checkpoint.store.FileOperations;

class KeptStepsTest {
    @TempDir
    private Path folder;

    @ParameterizedTest
    @CsvSource(quoteCharacter = '"', nullValues = "-", value = {
            "1 2 3, 3, -",
            // No file, as where a run goes on in another folder.
            "\"\", 40, -",
            // A run that went on in a folder of its own begins where the other ended. A validation has the step of its line again.
            "41 42 42 43, 43, -",
            "1 2 4, 4, has no line of 1 step between 1 and 4: 3",
            // The last lines waited for room when the run was killed, after the checkpoint.
            "1 2, 5, has no line of 3 steps between 1 and 5: 3 to 5",
            "7 8 11 12 13 15, 15, \"has no line of 3 steps between 7 and 15: 9 to 10, 14\"",
            "1 3 5 7 9 100, 101, \"has no line of 95 steps between 1 and 101: 2, 4, 6 and 3 more gaps\"",
            "1 3 5 7 9, 9, \"has no line of 4 steps between 1 and 9: 2, 4, 6 and 1 more gap\""})
    void gapsAreNamed(String numbers, long stepsDone, String note) {
        KeptSteps kept = new KeptSteps();
        for (String number : numbers.split(" ")) {
            if (!number.isEmpty()) {
                kept.accept(Long.parseLong(number));
            }
        }
        assertEquals(Optional.ofNullable(note), kept.missing(stepsDone));
    }

    /** Lines of steps after the checkpoint, and those that are damaged, are not kept, and so not told to it. */
    @Test
    void itHearsOfTheLinesThatAreKept() throws IOException {
        Path file = Files.writeString(folder.resolve("metrics.jsonl"),
                "{\"step\":1}\n{\"step\":2,\n{\"step\":3}\n{\"step\":3,\"validation_loss\":1}\n{\"step\":4}\n");
        List<Long> steps = new ArrayList<>();
        LinesFile.begin(file, 3, FileOperations.disk(), steps::add).close();
        assertEquals(List.of(1L, 3L, 3L), steps);
    }
}
