package io.moe4j.trainer.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.trainer.plugins.Plugins;
import java.lang.reflect.Method;
import java.lang.reflect.RecordComponent;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** A configuration is changed by withers: each component of it and of its sections has one, which changes it and nothing else. */
final class WithersTest {

    @Test
    void eachComponentHasAWither() throws ReflectiveOperationException {
        TrainerConfig config = new ConfigLoader(Plugins.load()).load("deepseek_v3_debugmodel_standard", List.of(),
                ConfigUse.training());
        TrainerConfig other = config
                .withTraining(config.training().withSteps(config.training().steps() + 1).withSeqLen(17))
                .withDevice("elsewhere").withRanks(config.ranks() + 1);
        assertEquals(config.training().steps() + 1, other.training().steps());
        assertEquals(17, other.training().seqLen());
        assertEquals("elsewhere", other.device());
        assertNotEquals(config, other);
        assertEquals(config,
                other.withTraining(config.training()).withDevice(config.device()).withRanks(config.ranks()));
        List<Record> records = new ArrayList<>(List.of(config));
        for (RecordComponent component : TrainerConfig.class.getRecordComponents()) {
            if (component.getAccessor().invoke(config) instanceof Record section) {
                records.add(section);
            }
        }
        int seen = 0;
        for (Record record : records) {
            for (RecordComponent component : record.getClass().getRecordComponents()) {
                String name = component.getName();
                Method wither = record.getClass().getMethod(
                        "with" + Character.toUpperCase(name.charAt(0)) + name.substring(1), component.getType());
                assertEquals(record, wither.invoke(record, component.getAccessor().invoke(record)), wither::toString);
                seen++;
            }
        }
        int components = seen;
        assertTrue(records.size() >= 13 && components >= 50, () -> records.size() + " records, " + components);
    }
}
