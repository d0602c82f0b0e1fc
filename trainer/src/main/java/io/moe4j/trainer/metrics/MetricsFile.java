package io.moe4j.trainer.metrics;

import io.moe4j.api.Stability;
import io.moe4j.data.SourceProgress;
import io.moe4j.trainer.checkpoint.store.FileOperations;
import io.moe4j.trainer.run.StepResult;
import io.moe4j.trainer.run.ValidationResult;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

/**
 * {@code metrics.jsonl}: one JSON object a step, written as soon as the step is made; and one a validation, which follows that of its step, and has
 * {@code validation_loss} instead of {@code loss}.
 *
 * @since 0.1.0
 */
@Stability(Stability.Level.EVOLVING)
public final class MetricsFile implements AutoCloseable {
    private final Path path;
    private final FileChannel channel;

    /**
     * Begins the file; its folder is made if it is not there.
     *
     * @param stepsDone steps of a run that is continued: if the file has them, they stay
     */
    public MetricsFile(Path path, long stepsDone) {
        this.path = path;
        try {
            Path folder = path.toAbsolutePath().resolveSibling("");
            Files.createDirectories(folder);
            List<String> before = stepsDone > 0 && Files.isRegularFile(path)
                    ? Files.readAllLines(path).stream().filter(line -> stepOf(line) <= stepsDone).toList()
                    : List.of();
            // What stays is never only in memory.
            Path kept = path.resolveSibling(path.getFileName() + ".part");
            Files.deleteIfExists(kept);
            channel = FileChannel.open(kept, StandardOpenOption.WRITE, StandardOpenOption.CREATE_NEW);
            write(String.join("", before.stream().map(line -> line + "\n").toList()));
            channel.force(true);
            Files.move(kept, path, StandardCopyOption.REPLACE_EXISTING);
            FileOperations.disk().forceFolder(folder);
        } catch (IOException e) {
            throw new UncheckedIOException(path + " cannot be written", e);
        }
    }

    /** Adds a step. */
    public void add(StepResult step) {
        Map<String, @Nullable Object> line = new LinkedHashMap<>();
        line.put("step", step.step());
        line.put("loss", step.labels() == 0 ? null : step.loss());
        line.put("grad_norm", step.gradientNorm());
        line.put("lr", step.learningRate());
        line.put("tokens_per_second", step.tokensPerSecond());
        line.put("memory_bytes", step.memoryBytes());
        line.put("host_syncs", step.hostSyncs());
        line.put("captured", step.captured());
        line.put("received_rows_max", step.receivedRowsMax());
        line.put("receive_capacity_rows", step.receiveCapacityRows());
        line.put("dropped_rows", step.droppedRows());
        line.put("labels", step.labels());
        line.put("data_seconds", step.dataSeconds());
        line.put("documents", step.data().documents());
        line.put("empty_documents", step.data().emptyDocuments());
        line.put("bad_lines", step.data().badLines());
        line.put("lone_surrogates", step.data().loneSurrogates());
        line.put("invalid_bytes", step.data().invalidBytes());
        if (!step.sources().isEmpty()) {
            Map<String, Object> sources = new LinkedHashMap<>();
            for (SourceProgress source : step.sources()) {
                Map<String, Object> progress = new LinkedHashMap<>();
                progress.put("sequences", source.sequences());
                progress.put("epoch", source.epoch());
                sources.put(source.source(), progress);
            }
            line.put("sources", sources);
        }
        write(line);
    }

    /**
     * Adds a validation. A loss that is no finite number is {@code null}, and {@code validation_problem} says why.
     *
     * @since 0.3.0
     */
    public void add(ValidationResult validation) {
        Map<String, @Nullable Object> line = new LinkedHashMap<>();
        line.put("step", validation.step());
        line.put("validation_loss", finite(validation.loss()));
        line.put("validation_perplexity", finite(validation.perplexity()));
        line.put("validation_tokens", validation.tokens());
        line.put("validation_sequences", validation.sequences());
        line.put("validation_batches", validation.batches());
        line.put("validation_seconds", validation.seconds());
        line.put("validation_dropped_rows", validation.droppedRows());
        validation.problem().ifPresent(problem -> line.put("validation_problem", problem));
        write(line);
    }

    private static @Nullable Double finite(double value) {
        return Double.isFinite(value) ? value : null;
    }

    private void write(Map<String, ? extends @Nullable Object> line) {
        try {
            write(JsonMapper.shared().writeValueAsString(line) + "\n");
        } catch (IOException e) {
            throw new UncheckedIOException(path + " cannot be written", e);
        }
    }

    /** Makes what was added durable: it survives a power cut. */
    public void force() {
        try {
            channel.force(true);
        } catch (IOException e) {
            throw new UncheckedIOException(path + " cannot be written", e);
        }
    }

    private void write(String text) throws IOException {
        ByteBuffer bytes = ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
        while (bytes.hasRemaining()) {
            channel.write(bytes);
        }
    }

    /** The step of a line; one that was not finished belongs to none. */
    private static long stepOf(String line) {
        try {
            return JsonMapper.shared().readTree(line).path("step").asLong(Long.MAX_VALUE);
        } catch (JacksonException e) {
            return Long.MAX_VALUE;
        }
    }

    @Override
    public void close() {
        try {
            channel.close();
        } catch (IOException e) {
            throw new UncheckedIOException(path + " cannot be written", e);
        }
    }
}
