package io.moe4j.trainer.metrics;

import io.moe4j.api.Stability;
import io.moe4j.api.spi.Resources;
import io.moe4j.trainer.config.MetricsConfig;
import io.moe4j.trainer.run.RunDescription;
import io.moe4j.trainer.run.SaveResult;
import io.moe4j.trainer.run.StepListener;
import io.moe4j.trainer.run.StepResult;
import io.moe4j.trainer.run.ValidationResult;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Writes all files about the steps in a run's folder: {@code run.json}, {@code metrics.jsonl}, {@code layers.jsonl}, {@code checkpoints.jsonl} if
 * the run saves itself, and the others that the configuration's {@code [metrics]} asks for.
 *
 * <pre>{@code
 * try (RunRecord record = RunRecord.open(folder, config.metrics(), run.description(), run.stepsDone())) {
 *     while (run.hasNext()) {
 *         run.step(record);
 *     }
 * }
 * }</pre>
 *
 * @since 0.3.0
 */
@Stability(Stability.Level.EVOLVING)
public final class RunRecord implements StepListener, AutoCloseable {
    private final List<StepListener> files = new ArrayList<>();
    private final Resources resources;

    /**
     * Begins the files, and makes the folder if there is none.
     *
     * @param stepsDone steps made before, if the run continues an earlier one: the files keep their lines
     */
    public static RunRecord open(Path folder, MetricsConfig config, RunDescription run, long stepsDone) {
        return Resources.open("record of the run",
                resources -> new RunRecord(folder, config, run, stepsDone, resources));
    }

    private RunRecord(Path folder, MetricsConfig config, RunDescription run, long stepsDone, Resources resources) {
        this.resources = resources;
        files.add(resources.add(new MetricsFile(folder.resolve("metrics.jsonl"), stepsDone)));
        if (config.layersEvery() > 0) {
            files.add(resources.add(new LayersFile(folder.resolve("layers.jsonl"), stepsDone)));
        }
        files.add(resources.add(new CheckpointsFile(folder.resolve("checkpoints.jsonl"), stepsDone)));
        if (config.tensorboard()) {
            files.add(resources.add(TensorBoardFile.open(folder.resolve("tensorboard"), stepsDone)));
        }
        RunFile.write(folder.resolve(RunFile.NAME), run);
    }

    @Override
    public void made(StepResult step) {
        files.forEach(file -> file.made(step));
    }

    @Override
    public void validating() {
        files.forEach(StepListener::validating);
    }

    @Override
    public void validated(ValidationResult validation) {
        files.forEach(file -> file.validated(validation));
    }

    @Override
    public void saving() {
        files.forEach(StepListener::saving);
    }

    @Override
    public void saved(SaveResult result) {
        files.forEach(file -> file.saved(result));
    }

    @Override
    public void close() {
        resources.close();
    }
}
