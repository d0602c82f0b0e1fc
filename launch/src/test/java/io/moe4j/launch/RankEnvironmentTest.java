package io.moe4j.launch;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Where a process finds itself, for every launcher, and what it says when the variables make no sense. */
class RankEnvironmentTest {
    private static final Map<String, String> TORCHRUN = Map.of("RANK", "5", "WORLD_SIZE", "8", "LOCAL_RANK", "1",
            "LOCAL_WORLD_SIZE", "4", "MASTER_ADDR", "10.0.0.1", "MASTER_PORT", "29400");

    @Test
    void withoutAnyVariableAllRanksAreThreads() {
        RankEnvironment alone = resolve(4, Map.of("HOME", "/root", "RANK", " "));
        assertEquals(RankEnvironment.threads(4), alone);
        assertFalse(alone.isDistributed());
        assertEquals(List.of(0, 1, 2, 3), alone.localRanks());
    }

    @Test
    void torchrun() {
        RankEnvironment place = resolve(8, TORCHRUN);
        assertTrue(place.isDistributed());
        assertEquals(8, place.worldSize());
        assertEquals(List.of(5), place.localRanks());
        assertEquals(1, place.localRank());
        assertEquals(Optional.of(new Endpoint("10.0.0.1", 29400)), place.master());
    }

    @Test
    void processesRunConsecutiveRanksAsThreads() {
        RankEnvironment place = resolve(32, TORCHRUN);
        assertEquals(List.of(20, 21, 22, 23), place.localRanks());
        assertEquals(4, place.localRank(), "process 1 of its host: behind the four ranks of process 0");
    }

    @Test
    void oneProcessOfALauncherIsAloneWithAllRanks() {
        RankEnvironment place = resolve(4, Map.of("RANK", "0", "WORLD_SIZE", "1"));
        assertFalse(place.isDistributed());
        assertEquals(List.of(0, 1, 2, 3), place.localRanks());
    }

    @ParameterizedTest
    @CsvSource({"127.0.0.1, 3", "localhost, 3", "10.0.0.1, 0"})
    void withoutALocalRankLoopbackMeansOneHost(String host, int localRank) {
        assertEquals(localRank,
                resolve(4, Map.of("RANK", "3", "WORLD_SIZE", "4", "MASTER_ADDR", host, "MASTER_PORT", "1234"))
                        .localRank());
    }

    @Test
    void kubeflowStartsOneProcessANode() {
        Map<String, String> pod = Map.of("PET_NNODES", "2", "PET_NODE_RANK", "1", "PET_NPROC_PER_NODE", "4",
                "PET_MASTER_ADDR", "job-node-0-0.job", "PET_MASTER_PORT", "29400");
        RankEnvironment place = resolve(8, pod);
        assertEquals(List.of(4, 5, 6, 7), place.localRanks());
        assertEquals(0, place.localRank());
        assertEquals("job-node-0-0.job:29400", place.master().orElseThrow().toString());
        assertProblem(6, pod, "ranks = 6", "2 processes with 4 ranks each", "set ranks to 8");
    }

    /** RANK is the number of the pod there, and WORLD_SIZE the number of processes that torchrun would start in all pods. */
    @Test
    void theNumbersOfAPyTorchJobsPodAreNotThoseOfAProcess() {
        Map<String, String> pod = Map.of("PET_NNODES", "2", "PET_NODE_RANK", "1", "PET_NPROC_PER_NODE", "4", "RANK",
                "1",
                "WORLD_SIZE", "8", "MASTER_ADDR", "job-master-0", "MASTER_PORT", "23456");
        RankEnvironment place = resolve(8, pod);
        assertEquals(List.of(4, 5, 6, 7), place.localRanks());
        assertEquals("job-master-0:23456", place.master().orElseThrow().toString());
        assertEquals(List.of(5), resolve(8, with(with(pod, "RANK", "5"), "LOCAL_RANK", "1")).localRanks(),
                "a process that torchrun has started in the pod");
    }

    @Test
    void openMpiOnOneHostMeetsOverLoopback() {
        Map<String, String> task = Map.of("OMPI_COMM_WORLD_RANK", "2", "OMPI_COMM_WORLD_SIZE", "4",
                "OMPI_COMM_WORLD_LOCAL_RANK", "2", "OMPI_COMM_WORLD_LOCAL_SIZE", "4", "PMIX_NAMESPACE", "prterun-7@1");
        RankEnvironment place = resolve(4, task);
        assertEquals(List.of(2), place.localRanks());
        assertEquals(2, place.localRank());
        assertEquals("127.0.0.1", place.master().orElseThrow().host());
        assertProblem(4, with(task, "OMPI_COMM_WORLD_LOCAL_SIZE", "2"), "MASTER_ADDR is not set", "4 processes",
                "--master-addr");
    }

    @Test
    void slurmMeetsAtTheFirstHost() {
        Map<String, String> task = Map.of("SLURM_PROCID", "3", "SLURM_NTASKS", "4", "SLURM_LOCALID", "1",
                "SLURM_JOB_ID", "4711", "SLURM_STEP_ID", "0", "SLURM_STEP_NODELIST", "gpu[007-008]");
        RankEnvironment place = resolve(4, task);
        assertEquals(List.of(3), place.localRanks());
        assertEquals(1, place.localRank());
        assertEquals("gpu007", place.master().orElseThrow().host());
        int port = place.master().orElseThrow().port();
        assertTrue(port >= 20000 && port < 30000, "port " + port);
        assertEquals(port, resolve(4, with(task, "SLURM_PROCID", "0")).master().orElseThrow().port());
        assertEquals("127.0.0.1",
                resolve(4, with(task, "SLURM_STEP_NODELIST", "gpu7")).master().orElseThrow().host());
    }

    @Test
    void aShellInAnAllocationIsNoLaunch() {
        assertFalse(resolve(4, Map.of("SLURM_NTASKS", "4", "SLURM_JOB_ID", "4711")).isDistributed());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {"gpu7|gpu7|true", "gpu[007-009,12],login|gpu007|false", "a,b|a|false",
            "rack[1-2]n[3-4]|rack1n3|false", "gpu[7]|gpu7|true", "gpu[12,14]|gpu12|false"})
    void nodeLists(String list, String first, boolean one) {
        assertEquals(first, NodeList.firstHost(list));
        assertEquals(one, NodeList.isOneHost(list));
    }

    @Test
    void theFirstLauncherInLineCounts() {
        Map<String, String> both = new HashMap<>(TORCHRUN);
        both.putAll(Map.of("SLURM_PROCID", "1", "SLURM_NTASKS", "2", "OMPI_COMM_WORLD_RANK", "0",
                "OMPI_COMM_WORLD_SIZE", "3", "PET_NNODES", "2", "PET_NODE_RANK", "0"));
        assertEquals(List.of(5), resolve(8, both).localRanks());
    }

    @Test
    void flagsComeFirst() {
        LaunchFlags flags = LaunchFlags.none().withProcess(1, 2).withMaster("head", 77).withLocalProcess(0);
        RankEnvironment place = RankEnvironment.resolve(2, flags, TORCHRUN);
        assertEquals(List.of(1), place.localRanks());
        assertEquals(0, place.localRank());
        assertEquals(new Endpoint("head", 77), place.master().orElseThrow());
        LaunchFlags masterOnly = LaunchFlags.none().withMaster("head", 77);
        assertEquals(new Endpoint("head", 77),
                RankEnvironment.resolve(8, masterOnly, TORCHRUN).master().orElseThrow());
    }

    @Test
    void halfSetVariablesAreReportedTogether() {
        assertProblem(4, Map.of("RANK", "1"), "WORLD_SIZE is not set, but RANK=1 is", "unset RANK");
        assertProblem(4, Map.of("WORLD_SIZE", "4"), "RANK is not set, but WORLD_SIZE=4 is");
        assertProblem(4, Map.of("SLURM_PROCID", "1"), "SLURM_NTASKS is not set");
        assertProblem(4, Map.of("OMPI_COMM_WORLD_SIZE", "4"), "OMPI_COMM_WORLD_RANK is not set");
        assertProblem(4, Map.of("PET_NNODES", "4"), "PET_NODE_RANK is not set");
        LaunchException none = assertProblem(4, Map.of("RANK", "1", "WORLD_SIZE", "4"), "MASTER_ADDR is not set",
                "MASTER_PORT is not set");
        assertEquals(2, none.problems().size());
    }

    @Test
    void contradictionsAreNamed() {
        assertProblem(4, with(TORCHRUN, "RANK", "8"), "process 8 of 8");
        assertProblem(8, with(TORCHRUN, "LOCAL_RANK", "4"), "LOCAL_RANK=4, LOCAL_WORLD_SIZE=4");
        assertProblem(12, TORCHRUN, "ranks = 12", "8 processes", "a multiple of 8");
        assertProblem(8, with(TORCHRUN, "WORLD_SIZE", "eight"), "WORLD_SIZE=eight", "a whole number");
        assertProblem(8, with(TORCHRUN, "RANK", "-1"), "RANK=-1", "at least 0");
        assertProblem(8, with(TORCHRUN, "MASTER_PORT", "70000"), "70000", "65535");
        assertProblem(4097, Map.of(), "ranks = 4097 in one process", "4096 are the most",
                "or set ranks to 4096 or fewer");
        assertProblem(Integer.MAX_VALUE - 7, TORCHRUN, "ranks = 2147483640 in 8 processes", "268435455 ranks");
        assertProblem(2, Map.of("PET_NNODES", "1:2", "PET_NODE_RANK", "0"), "PET_NNODES=1:2");
    }

    private static RankEnvironment resolve(int ranks, Map<String, String> environment) {
        return RankEnvironment.resolve(ranks, LaunchFlags.none(), environment);
    }

    private static LaunchException assertProblem(int ranks, Map<String, String> environment, String... parts) {
        LaunchException problem = assertThrows(LaunchException.class, () -> resolve(ranks, environment));
        for (String part : parts) {
            assertTrue(problem.getMessage().contains(part), () -> part + " is not in: " + problem.getMessage());
        }
        return problem;
    }

    private static Map<String, String> with(Map<String, String> environment, String name, String value) {
        Map<String, String> changed = new HashMap<>(environment);
        changed.put(name, value);
        return changed;
    }
}
