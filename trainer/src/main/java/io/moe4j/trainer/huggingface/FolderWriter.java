package io.moe4j.trainer.huggingface;

import io.moe4j.api.InputException;
import io.moe4j.api.Shown;
import io.moe4j.api.tensor.BFloat16;
import io.moe4j.api.tensor.DType;
import io.moe4j.autograd.model.LoraSpec;
import io.moe4j.safetensors.SafetensorsWriter;
import io.moe4j.safetensors.SafetensorsWriter.Declaration;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;

/** Writes a model folder, which gets its name only when it is complete. */
public final class FolderWriter implements AutoCloseable {
    /** How many elements are converted at a time: 4 MiB in single precision for each core. */
    private static final int BLOCK = 1 << 20;
    /** Metadata without which transformers refuses a file. */
    private static final Map<String, String> METADATA = Map.of("format", "pt");

    private final NewFolder folder;

    /** Gives elements of a tensor. Called from several threads at once. */
    @FunctionalInterface
    public interface Source {
        /** Reads {@code count} elements, beginning with {@code from}, into the beginning of {@code into}. */
        void read(Declaration tensor, long from, float[] into, int count);
    }

    /**
     * Begins a folder.
     *
     * @throws InputException if the folder exists already, or cannot be written
     */
    public FolderWriter(Path place) {
        folder = NewFolder.begin(place);
    }

    /** Makes the same check as the constructor; for the start of a run that writes the folder at its end. */
    public static void requireFree(Path place) {
        NewFolder.requireFree(place);
    }

    /**
     * Writes all weights and the index.
     *
     * @param tensors the tensors, F32 or BF16, in the order of their data
     * @param mostBytes the most bytes of tensors in a file
     * @return bytes of all tensors
     */
    public long weights(List<Declaration> tensors, long mostBytes, Source source) throws IOException {
        ShardPlan plan = ShardPlan.of(tensors, mostBytes);
        for (int file = 0; file < plan.files().size(); file++) {
            List<Declaration> declared = plan.files().get(file);
            try (SafetensorsWriter writer = SafetensorsWriter.create(folder.path().resolve(plan.name(file)), declared,
                    METADATA)) {
                declared.forEach(tensor -> write(writer, tensor, source));
                writer.commit();
            } catch (UncheckedIOException e) {
                throw e.getCause() == null ? new IOException(e) : new IOException(e.getMessage(), e.getCause());
            }
        }
        json(FolderFiles.INDEX, plan.index());
        return plan.bytes();
    }

    /** Writes {@code config.json} and {@code generation_config.json}. */
    public void config(Map<String, Object> config, Map<String, Object> generation) throws IOException {
        json(FolderConfig.GENERATION, generation);
        json(FolderConfig.NAME, config);
    }

    /**
     * Writes low-rank updates in PEFT's layout.
     *
     * @param tensors in the order of their data
     * @param modules names of all matrices of the model that could be updated
     * @param spec rank, alpha and targets of the updates
     * @param base the folder of the model
     * @return bytes of all tensors
     */
    public long adapter(List<Declaration> tensors, Collection<String> modules, LoraSpec spec, String base,
            Source source)
            throws IOException {
        try (SafetensorsWriter writer = SafetensorsWriter.create(folder.path().resolve(AdapterFolder.WEIGHTS), tensors,
                METADATA)) {
            tensors.forEach(tensor -> write(writer, tensor, source));
            writer.commit();
        } catch (UncheckedIOException e) {
            throw e.getCause() == null ? new IOException(e) : new IOException(e.getMessage(), e.getCause());
        }
        Map<String, Object> config = new LinkedHashMap<>();
        config.put("peft_type", "LORA");
        config.put("task_type", "CAUSAL_LM");
        config.put(AdapterFolder.BASE, base);
        config.put("r", spec.rank());
        config.put("lora_alpha", spec.alpha() == Math.rint(spec.alpha()) ? (Object) (long) spec.alpha() : spec.alpha());
        config.put("target_modules", AdapterModules.targetModules(tensors.stream().map(Declaration::name)
                .flatMap(name -> Stream.ofNullable(AdapterModules.module(name))).distinct().toList(), modules));
        config.put("lora_dropout", 0.0);
        config.put("bias", "none");
        config.put("fan_in_fan_out", false);
        config.put("use_rslora", false);
        config.put("use_dora", false);
        config.put("modules_to_save", null);
        config.put("inference_mode", true);
        json(AdapterFolder.CONFIG, config);
        return tensors.stream().mapToLong(tensor -> tensor.elements() * tensor.type().bytes()).sum();
    }

    /**
     * Copies a file into the folder.
     *
     * @param name may have a folder: {@code additional_chat_templates/tool_use.jinja}
     */
    public void copy(Path file, String name) throws IOException {
        Files.copy(file, place(name));
    }

    /** Writes a text file in UTF-8. */
    public void text(String text, String name) throws IOException {
        Files.writeString(place(name), text);
    }

    private Path place(String name) throws IOException {
        Path place = folder.path().resolve(name);
        Files.createDirectories(place.getParent());
        return place;
    }

    /** Gives the folder its name. When this returns, it survives a power cut. */
    public void complete() throws IOException {
        folder.complete();
    }

    /** Ends the writing. If the folder was not completed, everything that was written is removed. */
    @Override
    public void close() throws IOException {
        folder.close();
    }

    private static void write(SafetensorsWriter writer, Declaration tensor, Source source) {
        LongStream.range(0, Math.ceilDiv(tensor.elements(), BLOCK)).parallel().forEach(block -> {
            long from = block * BLOCK;
            int count = (int) Math.min(BLOCK, tensor.elements() - from);
            float[] values = new float[count];
            source.read(tensor, from, values, count);
            writer.write(tensor.name(), from,
                    MemorySegment.ofArray(encoded(values, tensor.type().dtype().orElseThrow())));
        });
    }

    /** Rounds to the nearest, ties to even. Values that were read from bfloat16 are written back unchanged. */
    private static byte[] encoded(float[] values, DType dtype) {
        ByteBuffer bytes = ByteBuffer.allocate(values.length * dtype.bytes()).order(ByteOrder.LITTLE_ENDIAN);
        switch (dtype) {
            case F32 -> bytes.asFloatBuffer().put(values);
            case BF16 -> {
                for (float value : values) {
                    bytes.putShort(BFloat16.round(value));
                }
            }
            case I32, I64, F8_E4M3 -> throw new IllegalArgumentException(dtype + " is no type of weights");
        }
        return bytes.array();
    }

    private void json(String name, Map<String, Object> values) throws IOException {
        String text = Shown.json(JsonMapper.builder().enable(SerializationFeature.INDENT_OUTPUT).build()
                .writeValueAsString(values));
        Files.write(folder.path().resolve(name), (text + "\n").getBytes(StandardCharsets.UTF_8));
    }
}
