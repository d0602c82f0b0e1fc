package io.moe4j.autograd.model;

import io.moe4j.api.Stability;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The description of a model in Hugging Face's layout, from which other software builds it.
 *
 * @param config the keys of its {@code config.json}: numbers, strings, booleans, nulls, lists and maps of these
 * @param expertBiases whether the published class has the experts' biases ({@code e_score_correction_bias})
 * @param remarks where other software will compute different results, one sentence each; empty if it computes the same
 * @since 0.3.0
 */
@Stability(Stability.Level.EVOLVING)
public record HuggingFaceForm(Map<String, Object> config, boolean expertBiases, List<String> remarks) {

    public HuggingFaceForm {
        config = Collections.unmodifiableMap(new LinkedHashMap<>(config));
        remarks = List.copyOf(remarks);
    }
}
