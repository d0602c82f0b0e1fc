package io.moe4j.model.deepseek;

import io.moe4j.api.Stability;
import io.moe4j.api.spi.Availability;
import io.moe4j.autograd.model.HuggingFaceForm;
import io.moe4j.autograd.model.ModelProvider;
import io.moe4j.autograd.model.ModelSpec;
import io.moe4j.layers.decoder.DecoderSpec;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Offers {@code deepseek_v3}.
 *
 * @since 0.1.0
 */
@Stability(Stability.Level.EVOLVING)
public final class DeepSeekV3Provider implements ModelProvider {

    /** For {@link java.util.ServiceLoader}. */
    public DeepSeekV3Provider() {}

    @Override
    public String id() {
        return "deepseek_v3";
    }

    @Override
    public String spiVersion() {
        return ModelProvider.SPI_VERSION;
    }

    @Override
    public String description() {
        return "DeepSeek-V2 and V3: latent attention, mixture of experts with shared experts";
    }

    @Override
    public Availability probe() {
        return Availability.available();
    }

    @Override
    public List<String> flavors() {
        return Flavors.NAMES;
    }

    @Override
    public ModelSpec flavor(String name) {
        return Flavors.of(name);
    }

    @Override
    public List<String> huggingFaceTypes() {
        return HuggingFaceConfig.TYPES;
    }

    @Override
    public ModelSpec fromHuggingFace(Map<String, Object> config) {
        return HuggingFaceConfig.spec(config);
    }

    @Override
    public Optional<HuggingFaceForm> toHuggingFace(ModelSpec spec) {
        return spec instanceof DecoderSpec decoder ? Optional.of(ConfigValues.of(decoder)) : Optional.empty();
    }
}
