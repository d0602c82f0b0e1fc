package io.moe4j.trainer.run;

import io.moe4j.api.Stability;
import java.util.List;

/**
 * A whole tensor of a model on the host, put together from the parts of all ranks.
 *
 * @param name its Hugging Face name, such as {@code model.norm.weight}
 * @param shape its extents, such as {@code [256]}
 * @param values its elements in single precision, in row-major order; the array belongs to the caller
 * @since 0.2.0
 */
@Stability(Stability.Level.EVOLVING)
public record NamedTensor(String name, List<Long> shape, float[] values) {

    /** Copies the shape; keeps the values. */
    public NamedTensor {
        shape = List.copyOf(shape);
    }
}
