package io.moe4j.app.doctor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.api.device.DeviceProvider;
import io.moe4j.api.spi.Registry;
import io.moe4j.app.cli.Main;
import io.moe4j.trainer.plugins.Plugins;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.ServiceLoader;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class DoctorTest {

    @TempDir
    Path root;

    private List<Finding> findings(Map<String, String> environment) {
        return new Doctor(new Machine(root, environment), Plugins.load(), root).findings();
    }

    private static Finding named(List<Finding> findings, String name) {
        return findings.stream().filter(finding -> finding.name().equals(name)).findFirst().orElseThrow();
    }

    private Path file(String name, String text) throws IOException {
        Path file = root.resolve(name);
        Files.createDirectories(file.getParent());
        return Files.writeString(file, text);
    }

    @Test
    void aMachineWithoutAnythingStillTrainsOnItsCores() {
        List<Finding> findings = findings(Map.of());
        assertEquals(List.of("cpu"), Doctor.workingDevices(findings), findings.toString());
        assertTrue(Doctor.devices(findings).contains("cuda"), findings.toString());
        for (String name : List.of("NVIDIA driver", "nvcc", "cuBLASLt", "cuDNN", "NCCL")) {
            Finding finding = named(findings, name);
            assertEquals(Finding.State.OPTIONAL, finding.state(), finding.toString());
            assertFalse(finding.remedy().isEmpty());
        }
        assertEquals(Finding.State.OK, named(findings, "CPU device").state());
    }

    @Test
    void whatIsThereIsFound() throws IOException {
        file("proc/meminfo", "MemTotal:       16777216 kB\nMemAvailable:    8388608 kB\n");
        file("usr/lib/x86_64-linux-gnu/libcuda.so.1", "");
        file("proc/driver/nvidia/gpus/0000:01:00.0/information", "Model: \t\t NVIDIA H200\nIRQ: 1\n");
        file("cuda/bin/nvcc", "").toFile().setExecutable(true);
        file("libraries/libcudnn.so.9", "");
        List<Finding> findings = findings(Map.of("CUDA_HOME", root.resolve("cuda").toString(), "LD_LIBRARY_PATH",
                root.resolve("libraries").toString()));
        assertEquals("16.0 GiB, of which 8.0 GiB are free", named(findings, "memory").detail());
        assertTrue(named(findings, "NVIDIA driver").detail().endsWith("libcuda.so.1; NVIDIA H200"),
                findings.toString());
        assertEquals(Finding.State.OK, named(findings, "nvcc").state());
        assertEquals(Finding.State.OK, named(findings, "cuDNN").state());
        assertEquals(Finding.State.OPTIONAL, named(findings, "cuBLASLt").state());
    }

    @Test
    void littleMemoryIsSaid() throws IOException {
        file("proc/meminfo", "MemTotal:       16777216 kB\nMemAvailable:    1048576 kB\n");
        Finding memory = named(findings(Map.of()), "memory");
        assertEquals(Finding.State.OPTIONAL, memory.state());
        assertTrue(memory.remedy().contains("training.seq_len"));
    }

    /** Captures of devices that are not here are not told about. */
    @Test
    void graphsThatRepeatWorkAreTold() {
        List<Finding> findings = findings(Map.of());
        assertEquals(Finding.State.OK, named(findings, "graphs of cpu").state());
        assertTrue(findings.stream().noneMatch(finding -> finding.name().equals("graphs of cuda_graph")));
    }

    /** Without a CPU device nothing runs, and the command says so. */
    @Test
    void aMissingCpuDeviceIsAFailure() {
        DoctorTest.class.getModule().addUses(DeviceProvider.class);
        Registry none = Registry.builder()
                .add(DeviceProvider.class, DeviceProvider.SPI_VERSION,
                        ServiceLoader.load(ModuleLayer.empty(), DeviceProvider.class))
                .build();
        List<Finding> findings = new Doctor(new Machine(root, Map.of()), none, root).findings();
        assertEquals(List.of(), Doctor.workingDevices(findings));
        assertEquals(Finding.State.MISSING, named(findings, "CPU device").state());
    }

    /** A GPU that can be opened is not blamed for a CPU without its BLAS. */
    @Test
    void eachDeviceIsJudgedByItself() {
        List<Finding> findings = List.of(Finding.ok("JDK", "25", "everything"),
                Finding.missing("CPU device", "no BLAS", "training on the CPU", "get one"),
                Finding.ok("device cuda", "can be opened", "device = \"cuda\""));
        assertEquals(List.of("cuda"), Doctor.workingDevices(findings));
        assertEquals(List.of("cpu", "cuda"), Doctor.devices(findings));
        List<Finding> noJdk = List.of(Finding.missing("JDK", "17", "everything", "get 25"), findings.get(2));
        assertEquals(List.of(), Doctor.workingDevices(noJdk));
    }

    @Test
    void theCommandSucceedsHere() {
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        assertEquals(0, Main.run(new PrintWriter(out), new PrintWriter(err), "doctor"), () -> out + "" + err);
        assertTrue(out.toString().contains("training with device = \"cpu\" works"), out::toString);
        StringWriter json = new StringWriter();
        assertEquals(0, Main.run(new PrintWriter(json), new PrintWriter(err), "doctor", "--json"));
        assertTrue(json.toString().contains("\"works_on\" : [ \"cpu\" ]"), json::toString);
    }
}
