package io.moe4j.trainer.model;

import io.moe4j.api.tensor.DType;
import io.moe4j.trainer.checkpoint.WeightTransfer;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;

/**
 * What an export takes from a source, of whichever kind it is.
 *
 * @param weights all tensors; a bias that is not there is read as zeros
 * @param biases whether a bias, by name, is there
 * @param dtype the type that keeps all weights as they are
 * @param config the keys of the {@code config.json} that the model came with, if it came with one
 * @param generation the same of {@code generation_config.json}
 * @param folder the folder that it came with
 */
record ExportDetails(WeightTransfer.Source weights, Predicate<String> biases, DType dtype, Map<String, Object> config,
        Map<String, Object> generation, Optional<Path> folder) {

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
