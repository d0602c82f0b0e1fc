package io.moe4j.trainer.metrics;

import io.moe4j.trainer.run.StepResult;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import tools.jackson.databind.json.JsonMapper;

/** {@code metrics.jsonl}: one JSON object a step, written as soon as the step is made. */
public final class MetricsFile implements AutoCloseable {
    private final Path path;
    private final Writer writer;

    /** Begins the file; its folder is made if it is not there. */
    public MetricsFile(Path path) {
        this.path = path;
        try {
            Files.createDirectories(path.toAbsolutePath().getParent());
            writer = Files.newBufferedWriter(path, StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(path + " cannot be written", e);
        }
    }

    /** Adds a step. */
    public void add(StepResult step) {
        Map<String, Object> line = new LinkedHashMap<>();
        line.put("step", step.step());
        line.put("loss", step.loss());
        line.put("grad_norm", step.gradientNorm());
        line.put("lr", step.learningRate());
        line.put("tokens_per_second", step.tokensPerSecond());
        line.put("memory_bytes", step.memoryBytes());
        line.put("host_syncs", step.hostSyncs());
        line.put("captured", step.captured());
        line.put("received_rows_max", step.receivedRowsMax());
        line.put("receive_capacity_rows", step.receiveCapacityRows());
        line.put("dropped_rows", step.droppedRows());
        try {
            writer.write(JsonMapper.shared().writeValueAsString(line));
            writer.write('\n');
            writer.flush();
        } catch (IOException e) {
            throw new UncheckedIOException(path + " cannot be written", e);
        }
    }

    @Override
    public void close() {
        try {
            writer.close();
        } catch (IOException e) {
            throw new UncheckedIOException(path + " cannot be written", e);
        }
    }
}
