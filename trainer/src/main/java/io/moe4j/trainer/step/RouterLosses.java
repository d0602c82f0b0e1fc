package io.moe4j.trainer.step;

import io.moe4j.api.Stability;
import io.moe4j.api.device.Stream;
import io.moe4j.api.tensor.Tensor;
import java.lang.foreign.MemorySegment;

/**
 * The router's auxiliary losses, without their factors. They are not part of the reported loss.
 *
 * @param balance sequence-wise balance loss (DeepSeek-AI, "DeepSeek-V3 Technical Report", 2024): 1 if each sequence chooses its experts evenly, up to E / K
 *     if always the same ones are chosen
 * @param z router z-loss: mean over tokens of (log Σ exp(logits))² (Zoph et al., "ST-MoE", 2022)
 * @since 0.3.0
 */
@Stability(Stability.Level.EVOLVING)
public record RouterLosses(double balance, double z) {
    static final RouterLosses ZERO = new RouterLosses(0, 0);

    /** Reads the sums of all layers; waits for the device. */
    static RouterLosses read(Stream stream, Tensor sums_L2) {
        float[] sums = new float[Math.toIntExact(sums_L2.elements())];
        stream.download(sums_L2, MemorySegment.ofArray(sums));
        double balance = 0;
        double z = 0;
        for (int i = 0; i < sums.length; i += 2) {
            balance += sums[i];
            z += sums[i + 1];
        }
        return new RouterLosses(balance, z);
    }

    RouterLosses plus(RouterLosses other) {
        return new RouterLosses(balance + other.balance, z + other.z);
    }

    RouterLosses over(double count) {
        return new RouterLosses(balance / count, z / count);
    }
}
