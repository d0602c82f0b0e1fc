package io.moe4j.benchmarks;

import io.moe4j.api.tensor.DType;
import io.moe4j.data.ChangedData;
import io.moe4j.data.CorpusOptions;
import io.moe4j.data.DataOptions;
import io.moe4j.data.DataSource;
import io.moe4j.data.Packing;
import io.moe4j.data.SequenceBatch;
import io.moe4j.data.StepBatches;
import io.moe4j.data.StreamOptions;
import io.moe4j.data.Tokenizers;
import io.moe4j.data.TrainingData;
import io.moe4j.safetensors.SafetensorsWriter.Declaration;
import io.moe4j.safetensors.SafetensorsWriter;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.TearDown;

/** Reading batches, and writing checkpoints. */
public class FilesBenchmark extends AverageMicros {
    private static final int TENSORS = 16;
    private static final int SEQUENCE = 512;

    /** Size of the file that is written. */
    @Param({"64"})
    int mebibytes;

    private final Arena arena = Arena.ofShared();
    private final StepBatches reader = reader();
    private Path folder = Path.of("");
    private MemorySegment tensor = MemorySegment.NULL;

    @Setup
    public void open() throws IOException {
        folder = Files.createTempDirectory("moe4j-benchmark");
        tensor = arena.allocate(((long) mebibytes << 20) / TENSORS, 64);
    }

    @TearDown
    public void close() throws IOException {
        reader.close();
        arena.close();
        Files.deleteIfExists(folder.resolve("model.safetensors"));
        Files.delete(folder);
    }

    /** Writes a checkpoint's file, until it is durable under its final name. */
    @Benchmark
    public void writeCheckpoint() {
        List<Declaration> declared = IntStream.range(0, TENSORS)
                .mapToObj(i -> new Declaration("w" + i, DType.F32, List.of(tensor.byteSize() / Float.BYTES))).toList();
        try (SafetensorsWriter writer = SafetensorsWriter.create(folder.resolve("model.safetensors"), declared,
                Map.of("format", "pt"))) {
            declared.forEach(each -> writer.write(each.name(), 0, tensor));
            writer.commit();
        }
    }

    /** A sequence of the packaged corpus: read, split into tokens, shuffled. */
    @Benchmark
    public SequenceBatch nextBatch() {
        return reader.next(0);
    }

    private static StepBatches reader() {
        DataOptions options = new DataOptions(CorpusOptions.DEFAULT, SEQUENCE, 1, StreamOptions.SHUFFLE_TOKENS, 0,
                ChangedData.FAIL);
        return new StepBatches(
                TrainingData.training(List.of(new DataSource("packaged", Optional.empty(), 1, 0)), options,
                        Tokenizers.bytes(), Optional.empty()),
                new StepBatches.Layout(1, Set.of(0), 1), Packing.JOINED, StepBatches.Ending.FAILS);
    }
}
