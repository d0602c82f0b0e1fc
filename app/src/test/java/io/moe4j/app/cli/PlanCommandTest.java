package io.moe4j.app.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.PrintWriter;
import java.io.StringWriter;
import org.junit.jupiter.api.Test;

final class PlanCommandTest {

    @Test
    void theCommandPrintsATableAndAnObject() {
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        assertEquals(0, Main.run(new PrintWriter(out), new PrintWriter(err), "plan", "--config",
                "deepseek_v3_16b_minimal_async_ep"), err::toString);
        for (String expected : new String[] {"memory of rank 0, which needs the most", "optimizer state",
                "receive buffer: activations",
                "gathered parameters", "dispatch adjoint",
                "15,706,484,224"}) {
            assertTrue(out.toString().contains(expected), expected + " is not in\n" + out);
        }
        StringWriter json = new StringWriter();
        assertEquals(0, Main.run(new PrintWriter(json), new PrintWriter(err), "plan", "--json"), err::toString);
        assertTrue(json.toString().contains("\"memory_bytes_by_purpose\" : {"), json::toString);
    }
}
