package io.moe4j.trainer.checkpoint.store;

import io.moe4j.api.Stability;
import io.moe4j.autograd.model.LoraSpec;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;

/**
 * The low-rank updates of a checkpoint.
 *
 * @param spec rank, alpha and targets
 * @param base a digest that identifies the weights of the model to which they belong
 * @since 0.3.0
 */
@Stability(Stability.Level.EVOLVING)
public record StoredLora(LoraSpec spec, String base) {

    Map<String, Object> json() {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("rank", spec.rank());
        json.put("alpha", spec.alpha());
        json.put("targets", String.join(",", spec.targets()));
        json.put("base", base);
        return json;
    }

    static StoredLora decode(Fields fields) {
        try {
            return new StoredLora(new LoraSpec(fields.smallCount("rank"), fields.positive("alpha"),
                    new LinkedHashSet<>(List.of(fields.text("targets").split(",")))), fields.text("base"));
        } catch (IllegalArgumentException e) {
            throw new DamageException(Progress.FILE + ": " + e.getMessage());
        }
    }
}
