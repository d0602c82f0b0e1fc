package io.moe4j.trainer.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.api.ops.RoutingOps.Gate;
import io.moe4j.api.ops.RoutingOps.Score;
import io.moe4j.api.spi.Registry;
import io.moe4j.autograd.model.LoraSpec;
import io.moe4j.layers.attention.GroupedQueryAttention;
import io.moe4j.layers.block.BlockBuilder;
import io.moe4j.layers.block.FeedForwardSpec;
import io.moe4j.layers.block.Layer;
import io.moe4j.layers.decoder.BlockSpec;
import io.moe4j.layers.decoder.DecoderSpec;
import io.moe4j.layers.feedforward.MixtureOfExperts;
import io.moe4j.layers.rotary.RotaryScaling;
import io.moe4j.layers.rotary.RotarySpec;
import io.moe4j.layers.rotary.Rotation;
import io.moe4j.trainer.plugins.Plugins;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Low-rank updates of a model whose family renames a layer of the library, as docs/adding-a-model.md shows it. */
class RenamedLayerTest {
    private static final MixtureOfExperts EXPERTS = new MixtureOfExperts(4, 16, 1,
            new Gate(Score.SOFTMAX, 2, 1, 1, true, 1f));
    private static final LoraSpec ALL = LoraSpec.of(3, 6, Set.of("all-linear"));

    private final Registry registry = Plugins.load(List.of());

    /** The layer under the names of Mixtral. */
    private record Renamed(MixtureOfExperts real) implements FeedForwardSpec {
        @Override
        public Layer open(BlockBuilder block) {
            Layer layer = real.open(block);
            block.dense().rename(Renamed::name);
            block.experts().rename(Renamed::name);
            return layer;
        }

        private static String name(String name) {
            return name.replace(".mlp.", ".block_sparse_moe.").replace("gate_proj", "w1").replace("down_proj", "w2")
                    .replace("up_proj", "w3");
        }

        @Override
        public long matrixElements(long dim) {
            return real.matrixElements(dim);
        }

        @Override
        public long activeMatrixElements(long dim) {
            return real.activeMatrixElements(dim);
        }

        @Override
        public Optional<Experts> experts() {
            return real.experts();
        }

        @Override
        public String deviceSpi() {
            return real.deviceSpi();
        }
    }

    /** Figures say what is trained, and each update has the name of a matrix of the checkpoint, by which an export adds it. */
    @Test
    void whatIsCountedIsWhatIsTrained() {
        for (FeedForwardSpec experts : List.of(EXPERTS, new Renamed(EXPERTS))) {
            DecoderSpec spec = new DecoderSpec("renamed", 64, 32, List.of(new BlockSpec(
                    new GroupedQueryAttention(4, 2, false,
                            new RotarySpec(Rotation.HALVES, 8, 10000, new RotaryScaling.None())),
                    experts)), false, 1e-5f, 128, "standard");
            Map<String, List<Long>> updates = WholeModel.adapters(spec, ALL, registry);
            long trained = updates.values().stream().mapToLong(shape -> shape.getFirst() * shape.getLast()).sum();
            assertEquals(spec.figures(8, ALL).parameters(), trained, experts.toString());
            // Attention has 4 matrices; with the library's names there are 3 of each of 4 experts and of the shared network too. Each has an a and a b.
            assertEquals(2 * (experts.equals(EXPERTS) ? 4 + 3 * 5 : 4), updates.size(), updates.keySet().toString());
            Set<String> weights = WholeModel.tensors(spec, registry).parameters().keySet();
            updates.keySet().forEach(name -> assertTrue(weights.contains(name.replace("base_model.model.", "")
                    .replaceFirst("\\.lora_[AB]\\.weight$", ".weight")), name));
        }
    }
}
