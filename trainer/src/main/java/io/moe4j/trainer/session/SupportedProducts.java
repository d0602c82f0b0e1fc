package io.moe4j.trainer.session;

import io.moe4j.api.InputException;
import io.moe4j.api.device.Device;
import io.moe4j.api.expert.ExpertKernels;
import io.moe4j.api.tensor.DType;
import io.moe4j.trainer.config.TrainerConfig;
import io.moe4j.trainer.config.TrainingConfig;

/**
 * Checks that the device and the expert kernels multiply the configured types. This is known only once they are open, and is checked before the first step.
 */
final class SupportedProducts {
    private static final String DENSE = "training.dense_dtype";
    private static final String EXPERTS = "training.expert_dtype";

    private SupportedProducts() {}

    /**
     * Checks the device, which also quantizes the weights of experts.
     *
     * @throws InputException if it does not support what the configuration asks for
     */
    static void require(TrainerConfig config, Device device) {
        TrainingConfig training = config.training();
        require(DENSE, training.denseProducts(), device, config.device());
        require(EXPERTS, training.expertProducts(), device, config.device());
    }

    private static void require(String key, DType type, Device device, String name) {
        if (type.isScaled() && !device.ops().supports(type)) {
            throw new InputException(key + " = \"float8\", device = \"" + name + "\": " + device.description()
                    + " has no products of " + type + "; set " + key + " to auto, or choose another device");
        }
    }

    /**
     * Checks expert kernels.
     *
     * @throws InputException if they do not support what the configuration asks for
     */
    static void require(TrainerConfig config, ExpertKernels kernels) {
        DType type = config.training().expertProducts();
        if (type.isScaled() && !kernels.supports(type)) {
            throw new InputException(EXPERTS + " = \"float8\", model.expert_kernels = \""
                    + config.model().expertKernels() + "\": these kernels have no products of " + type
                    + " on this device; set " + EXPERTS + " to auto, or choose other kernels or another device");
        }
    }
}
