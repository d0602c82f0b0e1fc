package io.moe4j.tests.compat;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.app.cli.Main;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/** Benchmarks of an exchange from outside, which takes received rows from the rank's stack, as the interface allows. It moves nothing. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class BenchOfPlugInTest {
    private static final Sources IDLE = new Sources(Map.of("module-info.java", """
            module example.idle {
                requires io.moe4j.api;
                provides io.moe4j.api.comm.CommBackendProvider with example.idle.IdleProvider;
            }
            """, "example/idle/IdleProvider.java", """
            package example.idle;
            import io.moe4j.api.comm.*;
            import io.moe4j.api.device.DeviceKind;
            import io.moe4j.api.spi.Availability;
            public final class IdleProvider implements CommBackendProvider {
                public String id() { return "idle"; }
                public String spiVersion() { return SPI_VERSION; }
                public String description() { return "for this test"; }
                public Availability probe() { return Availability.available(); }
                public boolean supports(DeviceKind kind) { return true; }
                public CommRequirements requirements() { return CommRequirements.none().withPeerMemory(); }
                public CommBackend open(CommConfig config, CommContext context) { return new Idle(config, context); }
            }
            """, "example/idle/Idle.java",
            """
                    package example.idle;
                    import io.moe4j.api.comm.*;
                    import io.moe4j.api.memory.MemoryStack;
                    import io.moe4j.api.tensor.*;
                    record Idle(CommConfig config, CommContext context) implements CommBackend {
                        record Plan(Tensor offsets_e, Tensor tokensPerExpert_E) implements DispatchPlan {}
                        record Rows(DispatchPlan plan, Tensor rows_RD, Tensor weights_R, Tensor scalars_R) implements ReceivedRows {}
                        public DispatchPlan plan(Tensor ids_TK) {
                            MemoryStack memory = context.rank().memory();
                            Plan plan = new Plan(memory.keep("plans", DType.I32, config.experts() / context.group().size()),
                                    memory.keep("plans", DType.I32, config.experts()));
                            context.rank().stream().fill(plan.offsets_e, 0);
                            return plan;
                        }
                        public PendingRows dispatch(DispatchRequest request) {
                            MemoryStack memory = context.rank().memory();
                            Rows rows = new Rows(request.plan(), memory.allocate("rows", DType.F32, capacityRows(), config.dim()),
                                    memory.allocate("rows", DType.F32, capacityRows()), memory.allocate("rows", DType.F32, capacityRows()));
                            return () -> rows;
                        }
                        public PendingTokens combine(CombineRequest request) { return request::out_TD; }
                        public long capacityRows() { return config.capacityRows(context.group().size()); }
                        public void close() {}
                    }
                    """));

    private Path jar;

    @BeforeAll
    void makeJar(@TempDir Path folder) throws IOException {
        jar = PlugInJar.write(IDLE, OtherVersion.ofHost(), folder, folder.resolve("plugins/idle.jar"));
    }

    /** A dispatch takes some kilobytes, and each part is called 5001 times in one step, whose stack has 16 MiB. */
    @Test
    void rowsOnTheStackAreGivenBackBeforeTheNext() {
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        assertEquals(0, bench("exchange", out, err), err::toString);
        assertTrue(out.toString().contains("layer_exchanges"), out::toString);
    }

    @Test
    void roundsOfABackendWithoutAnyAreNotTimed() {
        StringWriter err = new StringWriter();
        assertEquals(2, bench("rounds", new StringWriter(), err), err::toString);
        assertTrue(err.toString()
                .contains("model.moe_comm_backend idle does not exchange rows in rounds on devices of kind"
                        + " cpu, which is what is timed here; choose a backend that does"),
                err::toString);
    }

    private int bench(String benchmark, StringWriter out, StringWriter err) {
        List<String> arguments = new ArrayList<>(List.of("bench", benchmark, "--plugin-path", jar.toString(),
                "--model.moe_comm_backend", "idle", "--warmup", "0", "--iterations", "2", "--calls", "5000",
                "--model.from", Sources.tinyModel(), "--data.tokenizer", "bytes", "--training.seq_len", "32"));
        return Main.run(new PrintWriter(out), new PrintWriter(err), arguments.toArray(String[]::new));
    }
}
