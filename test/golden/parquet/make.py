# Made the files beside it, with pyarrow 26: python make.py FOLDER
import json, random, sys
import pyarrow as pa, pyarrow.parquet as pq
out = sys.argv[1]
rows=[
 {"messages":[{"role":"user","content":"2+2?"},{"role":"assistant","content":"4"}],"source":"a","score":1.5,"n":7,"ok":True,"tags":["x","y"],"meta":{"id":1,"name":None}},
 {"messages":[{"role":"system","content":"Be brief. äöü €"},{"role":"user","content":"Hi"},{"role":"assistant","content":"Hello 🙂"}],"source":None,"score":None,"n":None,"ok":None,"tags":[],"meta":None},
 {"messages":[{"role":"user","content":"3+3?"},{"role":"assistant","content":"6"}],"source":"a","score":-0.25,"n":-3,"ok":False,"tags":None,"meta":{"id":None,"name":"z"}},
]
chat=pa.Table.from_pylist(rows)
pq.write_table(chat,out+"/chat.snappy.parquet")
pq.write_table(chat,out+"/chat.gzip.parquet",compression="gzip",data_page_version="2.0")
pq.write_table(chat,out+"/chat.zstd.parquet",compression="zstd")
pq.write_table(chat,out+"/chat.brotli.parquet",compression="brotli")
pq.write_table(chat,out+"/chat.none.parquet",compression="none",use_dictionary=False,row_group_size=2)
pq.write_table(chat,out+"/chat.lz4.parquet",compression="lz4")
random.seed(1)
w="apple river system function table number answer house".split()
qa=pa.table({"question":[f"What is {w[i%8]} {i}?" for i in range(300)],"answer":[f"It is {w[(i*3)%8]}." for i in range(300)],"level":pa.array([i%5 for i in range(300)],pa.int32()),"id":pa.array([i*10**9 for i in range(300)],pa.int64())})
enc={"question":"DELTA_BYTE_ARRAY","answer":"DELTA_LENGTH_BYTE_ARRAY","level":"DELTA_BINARY_PACKED","id":"DELTA_BINARY_PACKED"}
pq.write_table(qa,out+"/qa.delta.parquet",use_dictionary=False,column_encoding=enc,compression="snappy",data_page_size=1000,row_group_size=128)
pq.write_table(qa,out+"/qa.pages.parquet",data_page_size=500,compression="snappy",data_page_version="2.0")
squad=pa.table({"id":["a","b"],"context":["Bob did it.","Ann ran."],"question":["Who did it?","Who ran?"],"answers":pa.array([{"text":["Bob"],"answer_start":[0]},{"text":["Ann","Ann"],"answer_start":[0,0]}])})
pq.write_table(squad,out+"/squad.parquet")

json.dump(rows,open(out+"/chat.json","w"),ensure_ascii=False)
