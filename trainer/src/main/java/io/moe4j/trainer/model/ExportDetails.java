package io.moe4j.trainer.model;

import io.moe4j.api.tensor.DType;
import io.moe4j.trainer.checkpoint.WeightTransfer;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;

/**
 * The parts of a source that an export writes, the same for all kinds of sources.
 *
 * @param weights gives all tensors; a missing bias is read as zeros
 * @param biases whether the source has the bias with a name
 * @param dtype the type that keeps all weights as they are
 * @param config the keys of the model's original {@code config.json}; empty if it has none
 * @param generation the keys of its original {@code generation_config.json}
 * @param folder the model's original folder, if there is one
 * @param chatTemplate the chat template of its training, if that is not the one of the tokenizer or the folder
 */
record ExportDetails(WeightTransfer.Source weights, Predicate<String> biases, DType dtype, Map<String, Object> config,
        Map<String, Object> generation, Optional<Path> folder, Optional<String> chatTemplate) {

    static ExportDetails of(ModelSource source) {
        return switch (source) {
            case CheckpointSource checkpoint -> checkpoint.details();
            case FolderSource folder -> folder.details();
            case LoraSource lora -> lora.details();
        };
    }

    boolean hasBias(String name) {
        return biases.test(name);
    }
}
