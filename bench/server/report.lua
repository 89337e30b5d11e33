-- wrk's result as one line of JSON; times are in microseconds. With a file of paths as argument, its lines are asked
-- in turn; without, the address of the command line.
local requests

function init(args)
   if not args[1] then return end
   requests = {}
   for path in io.lines(args[1]) do
      requests[#requests + 1] = wrk.format(nil, path)
   end
   local turn = 0
   request = function()
      turn = turn % #requests + 1
      return requests[turn]
   end
end

function done(summary, latency)
   local failed = summary.errors
   io.write(string.format(
      '{"requests":%d,"microseconds":%d,"bytes":%d,"p50":%d,"p99":%d,"refused":%d,"broken":%d}\n',
      summary.requests, summary.duration, summary.bytes, latency:percentile(50), latency:percentile(99),
      failed.status, failed.connect + failed.read + failed.write + failed.timeout))
end
