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
 * @param repeated other names of parameters, with the names that these have here; see {@link io.moe4j.autograd.model.Model#repeatedNames}
 */
public record ExpectedTensors(Map<String, List<Long>> parameters, Map<String, List<Long>> biases,
        Map<String, String> repeated) {

    public ExpectedTensors {
        parameters = Collections.unmodifiableMap(new LinkedHashMap<>(parameters));
        repeated = Collections.unmodifiableMap(new LinkedHashMap<>(repeated));
        biases = Collections.unmodifiableMap(new LinkedHashMap<>(biases));
    }
}
