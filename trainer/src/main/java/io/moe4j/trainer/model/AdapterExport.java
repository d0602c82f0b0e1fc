package io.moe4j.trainer.model;

import io.moe4j.api.InputException;
import io.moe4j.api.Stability;
import io.moe4j.api.spi.Registry;
import io.moe4j.api.tensor.DType;
import io.moe4j.safetensors.SafetensorsWriter.Declaration;
import io.moe4j.trainer.checkpoint.NamedRange;
import io.moe4j.trainer.huggingface.FolderWriter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Writes low-rank updates for other software: a folder in PEFT's layout, with {@code adapter_config.json} and {@code adapter_model.safetensors}. The model
 * itself is not written; the configuration names its folder. {@link ModelExport} writes the model with the updates added.
 *
 * @since 0.3.0
 */
@Stability(Stability.Level.EVOLVING)
public final class AdapterExport {

    private AdapterExport() {}

    /**
     * Exports the updates. The folder is written under another name beside its place, and renamed when it is complete.
     *
     * @param source the source, which stays open
     * @param folder the new folder, which must not exist yet or be empty
     * @param dtype element type of the matrices, F32 or BF16
     * @throws InputException if the source has no low-rank updates, or the folder exists already or cannot be written
     * @throws UncheckedIOException if writing fails; what was written is removed
     */
    public static ModelExport.Exported write(ModelSource source, Path folder, DType dtype, Registry registry) {
        if (!(source instanceof LoraSource lora)) {
            throw new InputException(source.path() + " has no low-rank updates: all its parameters were trained;"
                    + " export it as a model");
        }
        List<String> modules = WholeModel.tensors(source.spec(), registry).parameters().keySet().stream()
                .filter(name -> name.endsWith("_proj.weight") || name.endsWith("_mqa.weight"))
                .map(name -> name.substring(0, name.lastIndexOf('.'))).toList();
        List<Declaration> tensors = new ArrayList<>();
        lora.shapes().forEach((name, shape) -> tensors.add(new Declaration(name, dtype, shape)));
        try (FolderWriter writer = new FolderWriter(folder)) {
            long bytes = writer.adapter(tensors, modules, lora.lora(), lora.base().toString(),
                    (tensor, from, into, count) -> lora.updates()
                            .read(new NamedRange(tensor.name(), tensor.shape(), from, count), into, 0));
            if (lora.chatTemplate().isPresent()) {
                writer.text(lora.chatTemplate().get(), RunChat.FILE);
            }
            writer.complete();
            return new ModelExport.Exported(folder, bytes, List.of());
        } catch (IOException e) {
            throw FailedExport.of("updates", folder, tensors, e);
        }
    }
}
