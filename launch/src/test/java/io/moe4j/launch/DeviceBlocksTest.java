package io.moe4j.launch;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.OptionalInt;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class DeviceBlocksTest {
    private static final OptionalInt NOT_GIVEN = OptionalInt.empty();

    @Test
    void ranksThatFollowEachOtherShareADevice() {
        assertEquals(List.of(0, 0, 0, 0), threads(4, 1, NOT_GIVEN, 2));
        assertEquals(List.of(0, 0, 1, 1), threads(4, 2, NOT_GIVEN, 2));
        assertEquals(List.of(0, 1, 2, 3), threads(4, 4, NOT_GIVEN, 8));
        assertEquals(List.of(5, 5, 6, 6), threads(4, 2, OptionalInt.of(5), 8));
    }

    /** What users of torchrun expect: LOCAL_RANK's device. Processes that see one device each, or share it, all have number 0. */
    @ParameterizedTest(name = "process {0} of {1}, {2} devices each, {3} there: from {4} on")
    @CsvSource({"0,2,1,2,0", "1,2,1,2,1", "3,4,1,4,3", "3,4,1,1,0", "2,4,1,2,0", "3,4,1,2,1", "1,2,2,4,2", "1,2,2,3,0",
            "1,3,1,8,1"})
    void eachProcessHasItsOwn(int process, int processes, int perProcess, int there, int first) {
        RankEnvironment environment = RankEnvironment.resolve(processes * perProcess,
                LaunchFlags.none().withProcess(process, processes).withMaster("127.0.0.1", 29500), java.util.Map.of());
        assertEquals(IntStream.range(first, first + perProcess).boxed().toList(),
                new DeviceBlocks(perProcess, NOT_GIVEN, OptionalInt.of(there)).ordinals(environment));
    }

    /** The number on the host counts, not the number in the world. */
    @Test
    void hostsDoNotCountOn() {
        RankEnvironment environment = RankEnvironment.process("test", 8, List.of(5), 1,
                new Endpoint("node1", 29500));
        assertEquals(List.of(1), new DeviceBlocks(1, NOT_GIVEN, OptionalInt.of(4)).ordinals(environment));
    }

    @Test
    void withoutACountThePlugInDecides() {
        RankEnvironment second = RankEnvironment.process("test", 2, List.of(1), 1,
                new Endpoint("127.0.0.1", 29500));
        assertEquals(List.of(0), new DeviceBlocks(1, NOT_GIVEN, OptionalInt.empty()).ordinals(second));
        assertEquals(List.of(7), new DeviceBlocks(1, OptionalInt.of(7), OptionalInt.empty()).ordinals(second));
    }

    @ParameterizedTest(name = "{0} ranks over {1} devices from {2}, {3} there")
    @CsvSource({"4,3,0,8,runtime.devices = 3|divisor of 4",
            "4,1,2,2,device 2 is wanted|sees 2 (0 to 1)|--device-ordinal",
            "4,2,1,2,devices 1 to 2 are wanted|sees 2 (0 to 1)|CUDA_VISIBLE_DEVICES", "4,1,-1,2,device -1 is wanted",
            "4,4,,2,devices 0 to 3 are wanted|lower --device-ordinal or runtime.devices", "4,1,,0,this process sees 0"})
    void whatIsNotThereIsRefused(int ranks, int devices, Integer first, int there, String parts) {
        LaunchException refused = assertThrows(LaunchException.class, () -> threads(ranks, devices,
                first == null ? NOT_GIVEN : OptionalInt.of(first), there));
        for (String part : parts.split("\\|")) {
            assertTrue(refused.getMessage().contains(part), refused.getMessage());
        }
    }

    private static List<Integer> threads(int ranks, int devices, OptionalInt first, int there) {
        return new DeviceBlocks(devices, first, OptionalInt.of(there)).ordinals(RankEnvironment.threads(ranks));
    }
}
