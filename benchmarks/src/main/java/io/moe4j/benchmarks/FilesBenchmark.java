package io.moe4j.benchmarks;

import io.moe4j.api.tensor.DType;
import io.moe4j.data.BatchReader;
import io.moe4j.data.Corpus;
import io.moe4j.api.text.Tokenizer;
import io.moe4j.data.Tokenizers;
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
import java.util.stream.IntStream;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.TearDown;

/** What is read and written: batches and checkpoints. */
public class FilesBenchmark extends AverageMicros {
    private static final int TENSORS = 16;
    private static final int SEQUENCE = 512;

    /** Of the file that is written. */
    @Param({"64"})
    int mebibytes;

    private final Arena arena = Arena.ofShared();
    private final BatchReader reader = reader();
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

    /** A checkpoint's file, until it is on the disk under its final name. */
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
    public BatchReader.Batch nextBatch() {
        return reader.next();
    }

    private static BatchReader reader() {
        Tokenizer tokenizer = Tokenizers.bytes();
        return new BatchReader(Corpus.open(Optional.empty()), tokenizer, new BatchReader.Share(0, 1, 1, SEQUENCE), 1);
    }
}
