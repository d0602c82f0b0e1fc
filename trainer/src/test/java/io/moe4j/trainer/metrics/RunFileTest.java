package io.moe4j.trainer.metrics;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.api.InputException;
import io.moe4j.autograd.model.ModelSpec.ModelFigures;
import io.moe4j.trainer.run.RunDescription;
import io.moe4j.trainer.session.MemoryPlan;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RunFileTest {
    private static final RunDescription RUN = new RunDescription("tiny", new ModelFigures(10, 5, 30), List.of("cpu"), 1,
            1, Map.of(), new MemoryPlan(Map.of(), Map.of(), 0, 0, 0), Optional.empty(), Optional.empty(), 0,
            false);

    @TempDir
    private Path folder;

    @Test
    void aContinuedRunKeepsTheTimeAtWhichItBegan() throws IOException {
        Path file = folder.resolve(RunFile.NAME);
        assertEquals(Optional.empty(), RunFile.begun(file));
        RunFile.write(file, RUN);
        Instant begun = RunFile.begun(file).orElseThrow();
        assertTrue(begun.isAfter(Instant.now().minus(Duration.ofMinutes(5))), begun.toString());
        Files.writeString(file, Files.readString(file).replace(begun.toString(), "2026-10-25T00:50:00Z"));
        RunFile.write(file, RUN);
        assertEquals(Instant.parse("2026-10-25T00:50:00Z"), RunFile.begun(file).orElseThrow());
        String written = Files.readString(file);
        assertTrue(written.contains("\"model\" : \"tiny\"") && written.contains("\"started\" : \"")
                && !written.contains("\"started\" : \"2026-10-25"), written);
    }

    /** A folder in the place of the file that is written first fails as a full disk does. */
    @Test
    void aFileThatCannotBeWrittenIsToldWithRoomAndRemedy() throws IOException {
        Path file = folder.resolve(RunFile.NAME);
        Files.createDirectories(folder.resolve(RunFile.NAME + ".part/in the way"));
        String refused = assertThrows(InputException.class, () -> RunFile.write(file, RUN)).getMessage();
        assertTrue(refused.startsWith(file + " cannot be written (")
                && refused.endsWith(
                        " are free there); see that there is room and that you may write there, or choose another folder for the run"),
                refused);
    }

    @Test
    void whatCannotBeReadSaysNothing() throws IOException {
        Path file = folder.resolve(RunFile.NAME);
        for (String content : List.of("", "{", "[]", "{\"begun\": 3}", "{\"begun\": \"yesterday\"}")) {
            Files.writeString(file, content);
            assertEquals(Optional.empty(), RunFile.begun(file), content);
        }
    }
}
