package io.moe4j.trainer.metrics;

import io.moe4j.trainer.checkpoint.store.FileOperations;
import io.moe4j.trainer.run.SaveResult;
import io.moe4j.trainer.run.StepListener;
import io.moe4j.trainer.run.StepResult;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * {@code checkpoints.jsonl}: one JSON object for each saving, written when it has succeeded or failed. {@code failures} is how many have failed so far, and
 * {@code not_removed} has the old checkpoints that could not be removed, if there are any.
 */
final class CheckpointsFile implements StepListener, AutoCloseable {
    private final LinesFile lines;

    /**
     * The file is created at the first saving: a run that saves nothing has none.
     *
     * @param stepsDone steps made before, if the run continues an earlier one: the file keeps their lines
     */
    CheckpointsFile(Path path, long stepsDone) {
        this(path, stepsDone, FileOperations.disk());
    }

    /** The same, with other file operations; for tests. */
    CheckpointsFile(Path path, long stepsDone, FileOperations files) {
        lines = LinesFile.later(path, stepsDone, files);
    }

    @Override
    public void made(StepResult step) {}

    @Override
    public void saved(SaveResult result) {
        Map<String, @Nullable Object> line = new LinkedHashMap<>();
        line.put("step", result.step());
        line.put("saved", result.isSaved());
        line.put("bytes", result.bytes());
        line.put("held_seconds", result.heldSeconds());
        line.put("written_seconds", result.writtenSeconds());
        line.put("failures", result.failures());
        result.problem().ifPresent(problem -> line.put("problem", problem));
        if (!result.notRemoved().isEmpty()) {
            line.put("not_removed", result.notRemoved());
        }
        lines.add(line);
    }

    @Override
    public void close() {
        lines.close();
    }
}
