package io.moe4j.tests.integration;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.app.cli.Main;
import io.moe4j.trainer.run.TrainingRun;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code moe4j export}, as a user types it. */
class ExportCommandTest {
    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    @TempDir
    private Path folder;

    @Test
    void aCheckpointIsExportedAndConverted() throws IOException {
        Path checkpoints = folder.resolve("run").resolve("checkpoints");
        try (TrainingRun run = Tiny.openOther(Tiny::qwen, "training.steps=1")) {
            run.step();
            run.save(checkpoints);
        }
        Path singles = folder.resolve("singles");
        assertEquals(0,
                moe4j("export", folder.resolve("run").toString(), singles.toString(), "--max-shard-size", "20KB"),
                err.toString());
        assertTrue(out.toString().contains("exported  " + singles + ": qwen3_moe of "), out.toString());
        assertTrue(out.toString().contains("note      experts are selected by softmax scores plus biases"),
                out.toString());
        Path halves = folder.resolve("halves");
        assertEquals(0, moe4j("export", singles.toString(), halves.toString(), "--dtype", "bf16"), err.toString());
        assertTrue(weights(halves) < 0.6 * weights(singles) && weights(halves) > 0.4 * weights(singles));
        assertTrue(Files.readString(halves.resolve("config.json")).contains("\"dtype\" : \"bfloat16\""));
    }

    /** The remedies are those of who reads a checkpoint: export continues nothing, and has no key checkpoint.resume. */
    @Test
    void ofADamagedCheckpointTheWholeOneIsNamed() throws IOException {
        Path checkpoints = folder.resolve("run").resolve("checkpoints");
        try (TrainingRun run = Tiny.openOther(Tiny::qwen, "training.steps=2")) {
            run.step();
            run.save(checkpoints);
            run.step();
            run.save(checkpoints);
        }
        Files.writeString(checkpoints.resolve("step-000000002/progress.json"), "");
        assertRefused("The newest whole checkpoint is " + checkpoints.resolve("step-000000001") + ": give that one",
                "run", "new");
        Files.writeString(checkpoints.resolve("step-000000001/progress.json"), "");
        assertRefused("No other checkpoint beside it is whole: restore its files from a copy", "run", "new");
        assertFalse(err.toString().contains("checkpoint.resume"), err.toString());
    }

    @Test
    void whatCannotBeExportedIsToldInALine() throws IOException {
        Files.writeString(folder.resolve("file"), "");
        assertRefused("does not exist; give a checkpoint", "not-there", "new");
        assertRefused("is no folder; give a checkpoint", "file", "new");
        assertRefused(
                "has no checkpoint, and no config.json; give a checkpoint, a run that has some, or a model folder", ".",
                "new");
        assertRefused("exists already", "file", ".");
        assertRefused("exists already", "file", "file");
        assertRefused("is no folder that you may write", "file", "file/new");
        assertRefused("--dtype fp8: it must be bf16 (bfloat16) or fp32 (float32)", "file", "new", "--dtype", "fp8");
        assertRefused("\"5 apples\" is no size of at least 1 byte; write 500MB, 5GB or 2GiB", "file", "new",
                "--max-shard-size", "5 apples");
        assertRefused("\"0\" is no size", "file", "new", "--max-shard-size", "0");
        assertFalse(Files.exists(folder.resolve("new")));
    }

    private void assertRefused(String said, String from, String to, String... options) {
        err.getBuffer().setLength(0);
        String[] all = Stream
                .concat(Stream.of("export", folder.resolve(from).toString(), folder.resolve(to).toString()),
                        Stream.of(options))
                .toArray(String[]::new);
        assertEquals(2, moe4j(all), () -> said + ": " + err);
        assertTrue(err.toString().contains(said), err.toString());
        assertFalse(err.toString().contains("\tat "), err.toString());
    }

    private int moe4j(String... arguments) {
        return Main.run(new PrintWriter(out, true), new PrintWriter(err, true), arguments);
    }

    private static long weights(Path model) throws IOException {
        return FolderCopy.of(model).tensors.values().stream().mapToLong(tensor -> tensor.bytes().length).sum();
    }
}
