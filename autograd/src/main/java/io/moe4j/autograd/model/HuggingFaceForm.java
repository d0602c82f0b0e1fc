package io.moe4j.autograd.model;

import io.moe4j.api.Stability;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * How other software knows a model: what a folder in Hugging Face's layout says of it.
 *
 * @param config the keys of its {@code config.json}: numbers, strings, booleans, nulls, lists and maps of these
 * @param expertBiases whether the published class has the experts' biases ({@code e_score_correction_bias})
 * @param remarks in what other software will compute something else, in words; empty if there is nothing
 * @since 0.3.0
 */
@Stability(Stability.Level.EVOLVING)
public record HuggingFaceForm(Map<String, Object> config, boolean expertBiases, List<String> remarks) {

    public HuggingFaceForm {
        config = Collections.unmodifiableMap(new LinkedHashMap<>(config));
        remarks = List.copyOf(remarks);
    }
}
