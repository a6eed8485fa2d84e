-- A fresh, unique, signed event per request, for wrk. Secret and run come from the environment, the body's two halves
-- around the event's number from a file, so that every generator sends the very same bytes.
local ffi = require("ffi")
ffi.cdef [[
typedef struct evp_md_st EVP_MD;
const EVP_MD *EVP_sha256(void);
unsigned char *HMAC(const EVP_MD *md, const void *key, int key_length, const unsigned char *data, size_t length,
                    unsigned char *out, unsigned int *out_length);
]]
local crypto = ffi.load(os.getenv("BENCH_LIBCRYPTO") or "libcrypto.so.3")
local secret, run = os.getenv("BENCH_SECRET"), os.getenv("BENCH_RUN")
local file = assert(io.open(os.getenv("BENCH_BODY")))
local template = file:read("*a")
file:close()
local place = assert(template:find("NUMBER", 1, true))
local head, tail = template:sub(1, place - 1) .. run, template:sub(place + 6)
local digest, length, number = ffi.new("unsigned char[32]"), ffi.new("unsigned int[1]"), 0
local hex = {}
for byte = 0, 255 do hex[byte] = string.format("%02x", byte) end
local sha256, parts = crypto.EVP_sha256(), {}

request = function()
    number = number + 1
    local body = head .. number .. tail
    local stamp = tostring(os.time())
    local payload = stamp .. "." .. body
    crypto.HMAC(sha256, secret, #secret, payload, #payload, digest, length)
    for place = 0, 31 do parts[place + 1] = hex[digest[place]] end
    local signature = "t=" .. stamp .. ",v1=" .. table.concat(parts)
    return wrk.format("POST", nil, { ["Stripe-Signature"] = signature, ["Content-Type"] = "application/json" }, body)
end
