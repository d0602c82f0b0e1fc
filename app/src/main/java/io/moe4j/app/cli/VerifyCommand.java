package io.moe4j.app.cli;

import io.moe4j.api.InputException;
import io.moe4j.app.terminal.TypedPath;
import io.moe4j.trainer.checkpoint.store.CheckpointChoice;
import io.moe4j.trainer.checkpoint.store.DamageException;
import io.moe4j.trainer.checkpoint.store.StoredCheckpoint;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code moe4j verify}. */
@Command(name = "verify", description = {"Reads checkpoints and compares every byte with its digest. Changes nothing.",
        "Exit code 1 if a checkpoint is damaged."})
final class VerifyCommand implements Callable<Integer> {

    @Spec
    private CommandSpec spec = CommandSpec.create();

    @Mixin
    @SuppressWarnings("UnusedVariable") // picocli sets its options
    private CommonOptions common = new CommonOptions();

    @Parameters(paramLabel = "CHECKPOINT|RUN",
            description = "A checkpoint, or the folder of a run, for all of its checkpoints.")
    private Path path = Path.of("");

    @Override
    public Integer call() {
        List<Path> found = CheckpointChoice.candidates(path);
        if (found.isEmpty()) {
            throw new InputException(CheckpointChoice.newestRun(path)
                    .map(run -> path + " is no run, and has some; name one of them, such as " + run)
                    .orElseGet(() -> path + (Files.exists(path) ? " is no checkpoint and has none" : " does not exist")
                            + "; give the folder of a checkpoint, or of a run that has saved some"));
        }
        long damaged = found.stream().filter(checkpoint -> !isWhole(checkpoint)).count();
        return damaged == 0 ? ExitCode.OK : ExitCode.FAILED;
    }

    private boolean isWhole(Path checkpoint) {
        PrintWriter out = spec.commandLine().getOut();
        Path shown = TypedPath.of(checkpoint);
        long begin = System.nanoTime();
        try {
            StoredCheckpoint stored = StoredCheckpoint.open(checkpoint);
            stored.verify();
            out.println(stored.isDigested()
                    ? String.format(Locale.ROOT, "%s: whole; step %d, %s of tensors in %.1f s", shown,
                            stored.progress().step(), SavedLine.size(stored.bytes()),
                            (System.nanoTime() - begin) / 1e9)
                    : String.format(Locale.ROOT, "%s: readable; step %d. It was written by moe4j 0.1, without digests:"
                            + " values that were damaged since are not found", shown, stored.progress().step()));
            out.flush();
            return true;
        } catch (DamageException e) {
            out.println(shown + ": damaged: " + e.getMessage());
            out.flush();
            return false;
        }
    }
}
