-- What Perfetto's own parser finds in a trace of --profile.steps. With trace_processor_shell of Perfetto:
--   trace_processor_shell -q build-support/check-trace.sql outputs/mine/profile-10-12.json
-- The first two results must be empty; the third has two tracks for each rank.

-- Whatever the parser had to drop, move, or pass over.
select name, value, severity from stats where value != 0 and severity != 'info' or name = 'json_display_time_unit' and value != 0;

-- Spans that do not lie within their parent.
select child.name, child.ts, child.dur, parent.name as parent
from slice child join slice parent on child.parent_id = parent.id
where child.ts < parent.ts or child.ts + child.dur > parent.ts + parent.dur or child.depth != parent.depth + 1;

select process.name as rank, thread.name as track, count(*) as spans, count(distinct slice.name) as names, max(depth) + 1 as levels, sum(dur <= 0) as without_duration
from slice join thread_track on slice.track_id = thread_track.id join thread using (utid) join process using (upid)
group by process.pid, thread.tid order by process.pid, thread.tid;
