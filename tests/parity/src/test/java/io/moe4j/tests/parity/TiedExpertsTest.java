package io.moe4j.tests.parity;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.moe4j.api.device.Device;
import io.moe4j.api.device.DeviceConfig;
import io.moe4j.api.device.DeviceProvider;
import io.moe4j.api.device.Memory;
import io.moe4j.api.device.Stream;
import io.moe4j.api.ops.RoutingOps.Gate;
import io.moe4j.api.ops.RoutingOps.GroupValue;
import io.moe4j.api.ops.RoutingOps.Score;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import io.moe4j.tests.contract.SingleRank;
import io.moe4j.trainer.plugins.Plugins;
import java.io.InputStream;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Objects;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Which experts a gate chooses among equal ones, and of equal groups: those with the lower index. {@code torch.topk} leaves that open, so make_ties.py states
 * the rule with PyTorch's stable sort. The kit of devices has the same rule, for GPUs too ("select with ties").
 */
class TiedExpertsTest {

    @ParameterizedTest
    @ValueSource(strings = {"v3", "v2", "ungrouped", "small"})
    void ofEqualExpertsAndGroupsTheLowerIndexIsChosen(String name) throws Exception {
        JsonNode golden = read();
        JsonNode one = golden.path("cases").valueStream().filter(each -> each.path("name").stringValue().equals(name))
                .findFirst().orElseThrow();
        int experts = one.path("experts").intValue();
        int topK = one.path("topK").intValue();
        GroupValue value = one.path("value").stringValue().equals("largest") ? GroupValue.LARGEST : GroupValue.TOP_TWO;
        Gate gate = Gate.of(Score.SIGMOID, topK).withGroups(one.path("groups").intValue(), one.path("kept").intValue(),
                value);
        List<JsonNode> tokens = one.path("tokens").valueStream().toList();
        float unit = golden.path("unit").floatValue();
        try (Device device = Plugins.load(List.of()).get(DeviceProvider.class, "cpu")
                .open(DeviceConfig.defaults().withStrict(true));
                SingleRank rank = SingleRank.on(device);
                Memory memory = device.allocate(1 << 16, "gate")) {
            Stream stream = rank.context().stream();
            Tensor scores = Tensor.of(memory, 0, DType.F32, tokens.size(), experts);
            Tensor bias = Tensor.of(memory, 1 << 15, DType.F32, experts);
            Tensor ids = Tensor.of(memory, 3 << 14, DType.I32, tokens.size(), topK);
            stream.upload(MemorySegment.ofArray(floats(unit, tokens.stream().flatMapToInt(
                    token -> ints(token.path("scores"))))), scores);
            stream.upload(MemorySegment.ofArray(floats(unit, ints(one.path("bias")))), bias);
            device.ops().routing().select(stream, gate, scores, bias, ids);
            int[] chosen = new int[tokens.size() * topK];
            stream.download(ids, MemorySegment.ofArray(chosen));
            for (int t = 0; t < tokens.size(); t++) {
                assertEquals(ints(tokens.get(t).path("ids")).boxed().toList(),
                        IntStream.of(chosen).skip((long) t * topK).limit(topK).boxed().toList(), "token " + t);
            }
        }
    }

    @Test
    void allKindsOfTiesAreThere() throws Exception {
        // Six tokens of each kind; without groups, there is one kind.
        assertEquals(List.of(18, 18, 6, 18),
                read().path("cases").valueStream().map(each -> each.path("tokens").size()).toList());
    }

    private static IntStream ints(JsonNode values) {
        return values.valueStream().mapToInt(JsonNode::intValue);
    }

    private static float[] floats(float unit, IntStream values) {
        int[] all = values.toArray();
        float[] floats = new float[all.length];
        for (int i = 0; i < all.length; i++) {
            floats[i] = all[i] / unit;
        }
        return floats;
    }

    private static JsonNode read() throws Exception {
        try (InputStream in = Objects.requireNonNull(TiedExpertsTest.class.getResourceAsStream("ties.json"))) {
            return JsonMapper.shared().readTree(in.readAllBytes());
        }
    }
}
