package io.moe4j.launch;

/** Slurm's short form of host names: {@code gpu[007-009,12],login} is gpu007, gpu008, gpu009, gpu12 and login. */
final class NodeList {

    private NodeList() {}

    /** The first host. Several brackets in one name are allowed, as in {@code rack[1-2]n[3-4]}. */
    static String firstHost(String list) {
        StringBuilder host = new StringBuilder();
        int at = 0;
        while (at < list.length() && list.charAt(at) != ',') {
            char c = list.charAt(at);
            int close = list.indexOf(']', at);
            if (c == '[' && close > at) {
                host.append(list.substring(at + 1, close).split("[-,]", 2)[0]);
                at = close;
            } else {
                host.append(c);
            }
            at++;
        }
        return host.toString();
    }

    static boolean isOneHost(String list) {
        return firstHost(list).equals(list) || list.matches("[^,\\[\\]]*\\[\\w+\\][^,\\[\\]]*");
    }
}
