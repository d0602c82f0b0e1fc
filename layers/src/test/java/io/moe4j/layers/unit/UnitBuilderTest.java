package io.moe4j.layers.unit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.autograd.model.LoraSpec;
import io.moe4j.autograd.model.Model.ParameterSlice;
import io.moe4j.autograd.sharding.Parameter;
import io.moe4j.layers.init.InitialValues;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;

class UnitBuilderTest {

    /** The names change, and what they name does not. */
    @Test
    void tensorsOfALayerCanHaveTheNamesOfAFamily() {
        UnitBuilder unit = new UnitBuilder("block 0.experts", new InitialValues(1));
        unit.expertGateUp("gate_up", "mlp.experts.", 0.02, new UnitBuilder.Experts(2, 1), 4, 8);
        Map<String, ParameterSlice> before = new LinkedHashMap<>(unit.names());

        unit.rename(
                name -> name.replace("mlp.", "block_sparse_moe.").replace("gate_proj", "w1").replace("up_proj", "w3"));

        assertEquals(List.of("block_sparse_moe.experts.2.w1.weight", "block_sparse_moe.experts.2.w3.weight"),
                List.copyOf(unit.names().keySet()));
        assertEquals(List.copyOf(before.values()), List.copyOf(unit.names().values()));
    }

    /** Updates have the names under which their matrices were declared, and would not be found under others. */
    @Test
    void tensorsWithLowRankUpdatesKeepTheirNames() {
        InitialValues initial = new InitialValues(1);
        UnitBuilder unit = new UnitBuilder("block 0", initial);
        Parameter gateUp = unit.gateUp("gate_up", "model.layers.0.mlp.", 0.02, 4, 8);
        Adapters adapters = new Adapters(Optional.of(LoraSpec.of(2, 2, Set.of("gate_proj"))), unit, initial, 0);
        assertTrue(adapters.none().of(gateUp).isEmpty());
        unit.rename(name -> name.replace("up_proj", "w3"));
        assertTrue(adapters.of(gateUp).isPresent());
        unit.rename(name -> name.replace("w3", "up_proj"));
        String message = assertThrows(IllegalArgumentException.class,
                () -> unit.rename(name -> name.replace("gate_proj", "w1"))).getMessage();
        assertTrue(message.contains("model.layers.0.mlp.gate_proj.weight has low-rank updates"), message);
    }

    /** Otherwise a tensor would be read twice, and another one never. */
    @Test
    void twoTensorsOfOneNameAreRefused() {
        UnitBuilder unit = new UnitBuilder("block 0", new InitialValues(1));
        unit.gateUp("gate_up", "mlp.", 0.02, 4, 8);
        String message = assertThrows(IllegalArgumentException.class, () -> unit.rename(name -> "mlp.w.weight"))
                .getMessage();
        assertTrue(message.contains("two tensors would be named mlp.w.weight, and one of them is mlp.up_proj.weight"),
                message);
        assertEquals(List.of("mlp.gate_proj.weight", "mlp.up_proj.weight"), List.copyOf(unit.names().keySet()));
    }
}
