package io.moe4j.trainer.huggingface;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The tensors of a whole model: shapes by Hugging Face name, in the order of the forward pass.
 *
 * @param parameters all parameters, of all ranks
 * @param biases the experts' biases, which some published classes do not have
 * @param repeated further names of parameters, with the names that they have here; see {@link io.moe4j.autograd.model.Model#repeatedNames}
 */
public record ExpectedTensors(Map<String, List<Long>> parameters, Map<String, List<Long>> biases,
        Map<String, String> repeated) {

    public ExpectedTensors {
        parameters = Collections.unmodifiableMap(new LinkedHashMap<>(parameters));
        repeated = Collections.unmodifiableMap(new LinkedHashMap<>(repeated));
        biases = Collections.unmodifiableMap(new LinkedHashMap<>(biases));
    }
}
