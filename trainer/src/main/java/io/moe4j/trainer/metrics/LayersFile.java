package io.moe4j.trainer.metrics;

import io.moe4j.api.Stability;
import io.moe4j.trainer.checkpoint.store.FileOperations;
import io.moe4j.trainer.run.StepListener;
import io.moe4j.trainer.run.StepResult;
import io.moe4j.trainer.step.LayerLoad;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * {@code layers.jsonl}: how each layer spread the tokens of a step over its experts, one JSON object for each step. For example
 * {@code {"step":10,"layers":[{"layer":1,"tokens_per_expert":[6,2,0,0],"entropy":0.41,"imbalance":3.0,"received_rows_max":8,"dropped_rows":0}]}}.
 *
 * @since 0.3.0
 */
@Stability(Stability.Level.EVOLVING)
public final class LayersFile implements StepListener, AutoCloseable {
    private static final double DIGITS = 1e6;

    private final LinesFile lines;

    /**
     * Begins the file, and makes its folder if there is none.
     *
     * @param stepsDone steps made before, if the run continues an earlier one: the file keeps their lines
     */
    public LayersFile(Path path, long stepsDone) {
        lines = LinesFile.begin(path, stepsDone, FileOperations.disk());
    }

    @Override
    public void made(StepResult step) {
        if (!step.layers().isEmpty()) {
            Map<String, Object> line = new LinkedHashMap<>();
            line.put("step", step.step());
            line.put("layers", step.layers().stream().map(LayersFile::shown).toList());
            lines.add(line);
        }
    }

    @Override
    public void saving() {
        lines.force();
    }

    private static Map<String, @Nullable Object> shown(LayerLoad layer) {
        Map<String, @Nullable Object> shown = new LinkedHashMap<>();
        shown.put("layer", layer.layer());
        shown.put("tokens_per_expert", List.copyOf(layer.tokensPerExpert()));
        shown.put("entropy", rounded(layer.entropy()));
        shown.put("imbalance", rounded(layer.imbalance()));
        shown.put("received_rows_max", layer.receivedRowsMax());
        shown.put("dropped_rows", layer.droppedRows().isPresent() ? layer.droppedRows().getAsLong() : null);
        return shown;
    }

    private static double rounded(double value) {
        return Math.round(value * DIGITS) / DIGITS;
    }

    @Override
    public void close() {
        lines.close();
    }
}
