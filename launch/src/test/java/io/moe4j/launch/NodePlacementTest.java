package io.moe4j.launch;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;

/** Which processes a node starts, and what it tells them. */
class NodePlacementTest {
    private static final Map<String, String> POD = Map.of("PET_NNODES", "2", "PET_NODE_RANK", "1", "PET_NPROC_PER_NODE",
            "4", "RANK", "1", "WORLD_SIZE", "8", "MASTER_ADDR", "job-master-0", "MASTER_PORT", "23456");
    private static final Map<String, String> TASK = Map.of("SLURM_PROCID", "1", "SLURM_STEP_NUM_NODES", "2",
            "SLURM_STEP_NUM_TASKS", "2", "SLURM_NTASKS", "2", "SLURM_JOB_ID", "4711", "SLURM_STEP_ID", "0",
            "SLURM_STEP_NODELIST", "gpu[007-008]");

    @Test
    void oneMachineMeetsOnAFreePort() {
        NodePlacement node = NodePlacement.resolve(NodeFlags.none().withProcesses(4),
                Map.of("MASTER_ADDR", "elsewhere", "MASTER_PORT", "1"));
        assertEquals(Optional.empty(), node.master());
        assertEquals(4, node.worldSize());
        assertEquals(Map.of("RANK", "3", "WORLD_SIZE", "4", "LOCAL_RANK", "3", "LOCAL_WORLD_SIZE", "4", "MASTER_ADDR",
                "127.0.0.1", "MASTER_PORT", "4000"), node.variables(3, new Endpoint("127.0.0.1", 4000)));
    }

    /** What a process is told is what it reads, whatever the cluster's variables are. */
    @Test
    void aProcessReadsWhatItIsTold() {
        for (Map<String, String> cluster : List.of(Map.<String, String>of(), POD, TASK)) {
            NodePlacement node = NodePlacement.resolve(
                    NodeFlags.none().withProcesses(4).withNode(1, 2).withMaster("node0", 29500), cluster);
            for (int local = 0; local < 4; local++) {
                Map<String, String> all = new HashMap<>(cluster);
                all.putAll(node.variables(local, node.master().orElseThrow()));
                RankEnvironment read = RankEnvironment.resolve(8, LaunchFlags.none(), all);
                assertEquals(List.of(4 + local), read.localRanks());
                assertEquals(local, read.localRank());
                assertEquals("node0:29500", read.master().orElseThrow().toString());
            }
        }
    }

    @Test
    void aPodOfAPyTorchJob() {
        NodePlacement node = NodePlacement.resolve(NodeFlags.none(), POD);
        assertEquals(new NodePlacement(1, 2, 4, Optional.of(new Endpoint("job-master-0", 23456)), Optional.empty()),
                node);
        assertEquals(5, node.process(1));
        assertEquals(2,
                NodePlacement.resolve(NodeFlags.none().withProcesses(2), with(POD, "PET_NPROC_PER_NODE", "auto"))
                        .processes());
        assertProblems(NodeFlags.none(), with(POD, "PET_NPROC_PER_NODE", "auto"), "PET_NPROC_PER_NODE=auto",
                "set nprocPerNode to a number");
        assertProblems(NodeFlags.none(), with(POD, "PET_NNODES", "1:4"), "PET_NNODES=1:4", "leave elasticPolicy out");
    }

    @Test
    void aTaskOfSlurmOnEachNode() {
        NodePlacement node = NodePlacement.resolve(NodeFlags.none().withProcesses(8), TASK);
        assertEquals(1, node.node());
        assertEquals(2, node.nodes());
        assertEquals("gpu007", node.master().orElseThrow().host());
        assertEquals(Optional.of("Slurm 4711.0"), node.job());
        assertProblems(NodeFlags.none().withProcesses(8),
                with(with(TASK, "SLURM_STEP_NUM_TASKS", "16"), "SLURM_NTASKS", "16"),
                "SLURM_STEP_NUM_TASKS=16, SLURM_STEP_NUM_NODES=2", "--ntasks-per-node=1");
        assertEquals(1, NodePlacement.resolve(NodeFlags.none().withProcesses(8),
                Map.of("SLURM_PROCID", "0", "SLURM_NNODES", "2", "SLURM_NTASKS", "2")).nodes(),
                "a batch script without srun");
    }

    @Test
    void allProblemsAreTold() {
        assertProblems(NodeFlags.none(), Map.of(), "--nproc is missing", "give --nproc 4");
        assertProblems(NodeFlags.none().withProcesses(0), Map.of(), "--nproc 0", "from 1 to 1024");
        assertProblems(new NodeFlags(OptionalInt.of(1), OptionalInt.of(2), OptionalInt.empty(), Optional.empty(),
                OptionalInt.empty()), Map.of(), "give each its own --node-rank",
                "neither --master-addr nor MASTER_ADDR",
                "neither --master-port nor MASTER_PORT");
        assertProblems(NodeFlags.none().withProcesses(1).withNode(2, 2).withMaster("node0", 70000), Map.of(),
                "--node-rank 2 of --nnodes 2: nodes are numbered from 0 to 1", "--master-port 70000: ports are from 1");
        assertProblems(NodeFlags.none().withProcesses(1).withNode(0, 0), Map.of(), "--nnodes 0", "at least 1");
    }

    private static void assertProblems(NodeFlags flags, Map<String, String> environment, String... parts) {
        LaunchException e = assertThrows(LaunchException.class, () -> NodePlacement.resolve(flags, environment));
        for (String part : parts) {
            assertTrue(e.getMessage().contains(part), e.getMessage());
        }
    }

    private static Map<String, String> with(Map<String, String> variables, String name, String value) {
        Map<String, String> changed = new HashMap<>(variables);
        changed.put(name, value);
        return changed;
    }
}
