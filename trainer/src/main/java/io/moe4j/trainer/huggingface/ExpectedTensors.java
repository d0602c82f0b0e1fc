package io.moe4j.trainer.huggingface;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What a whole model has: shapes by Hugging Face name, in the order of the forward pass.
 *
 * @param parameters all of them, of all ranks
 * @param biases the experts' biases, which not every published class has
 */
public record ExpectedTensors(Map<String, List<Long>> parameters, Map<String, List<Long>> biases) {

    public ExpectedTensors {
        parameters = Collections.unmodifiableMap(new LinkedHashMap<>(parameters));
        biases = Collections.unmodifiableMap(new LinkedHashMap<>(biases));
    }
}
